// SPDX-License-Identifier: GPL-2.0-only
/* Directories of revisions: torn files, full disks, others at the same time. */

#include <errno.h>
#include <fcntl.h>
#include <pending.h>
#include <refusal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <store.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

static char base[] = "/tmp/pe-store-XXXXXX";
static const char TEXT[] = "device a { tap dev e lladdr 02:00:00:00:00:01; }\n";

static char *path_of(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static int store_in(struct pe_store *store, const char *name, bool change,
		    struct pe_refusal *refusal)
{
	return pe_store_open(store, path_of(name), NULL, change, refusal);
}

/* A directory of its own, locked. */
static void store_new(struct pe_store *store, const char *name)
{
	struct pe_refusal refusal;

	mkdir(path_of(name), 0700);
	if (store_in(store, name, true, &refusal)) {
		ktap_comment("cannot start", refusal.text);
		exit(ktap_end() | 1);
	}
}

static int store_add(struct pe_store *store, const char *text, struct pe_refusal *refusal)
{
	struct pe_revision revision = {
		.generation = 7, .time = 1700000000, .author = "alice", .comment = "why # not"
	};
	int err = pe_store_write(store, &revision, text, strlen(text), refusal);

	return err ? err : pe_store_keep(store, revision.number, refusal);
}

static bool kept_is(const struct pe_store *store, uint32_t number, const char *text)
{
	struct pe_refusal refusal;
	struct pe_kept kept;
	bool same;

	if (pe_store_read(store, number, &kept, &refusal)) {
		ktap_comment("not read", refusal.text);
		return false;
	}
	same = kept.len == strlen(text) && !memcmp(kept.text, text, kept.len) &&
	       kept.revision.number == number && kept.revision.generation == 7 &&
	       kept.revision.time == 1700000000 && !strcmp(kept.revision.author, "alice") &&
	       !strcmp(kept.revision.comment, "why # not");
	pe_kept_free(&kept);
	return same;
}

static void test_kept(void)
{
	struct pe_revision revision = { .number = 0 };
	struct pe_refusal refusal;
	struct pe_store store;

	store_new(&store, "kept");
	ktap_result(!pe_store_last(&store) && !pe_store_has(&store, 1), "nothing at first");
	ktap_result(!store_add(&store, TEXT, &refusal) && !store_add(&store, "", &refusal),
		    "two are kept");
	ktap_result(kept_is(&store, 1, TEXT) && kept_is(&store, 2, ""), "and read as written");
	pe_store_write(&store, &revision, TEXT, strlen(TEXT), &refusal);
	pe_store_close(&store);
	store_in(&store, "kept", true, &refusal);
	ktap_result(pe_store_last(&store) == 2 && pe_store_has(&store, 1),
		    "what was written and not kept is none");
	ktap_result(!store_add(&store, TEXT, &refusal) && kept_is(&store, 3, TEXT),
		    "and in nobody's way");
	strcpy(revision.author, "alice");
	strcpy(revision.owner, "bob");
	pe_store_write(&store, &revision, TEXT, strlen(TEXT), &refusal);
	pe_store_keep(&store, revision.number, &refusal);
	ktap_result(pe_store_look(&store, 4, &revision) && !strcmp(revision.author, "alice") &&
			    !strcmp(revision.owner, "bob"),
		    "one as an owner");
	ktap_result(pe_store_look(&store, 3, &revision) && !revision.owner[0],
		    "and the one before as none");
	pe_store_forget(&store, 4);
	pe_store_forget(&store, 2);
	ktap_result(!pe_store_has(&store, 2) && pe_store_last(&store) == 3, "one is forgotten");
	pe_store_close(&store);
}

static void file_write(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	fwrite(bytes, 1, len, file);
	fclose(file);
}

/* Every length that a file could have been cut to, every byte that could differ. */
static void test_torn(void)
{
	char whole[4096], path[4096];
	struct pe_revision revision;
	struct pe_refusal refusal;
	size_t i, len, read = 0, looked = 0;
	struct pe_store store;
	struct pe_kept kept;
	FILE *file;

	store_new(&store, "torn");
	store_add(&store, TEXT, &refusal);
	snprintf(path, sizeof(path), "%s", path_of("torn/1.conf"));
	file = fopen(path, "r");
	len = fread(whole, 1, sizeof(whole), file);
	fclose(file);
	for (i = 0; i < len; i++) {
		file_write(path, whole, i);
		looked += pe_store_look(&store, 1, &revision);
		if (!pe_store_read(&store, 1, &kept, &refusal)) {
			pe_kept_free(&kept);
			read++;
		}
	}
	ktap_result(!read && !looked, "a file that was cut is no revision");
	for (i = 0; i < len; i++) {
		whole[i] ^= 1;
		file_write(path, whole, len);
		whole[i] ^= 1;
		if (pe_store_read(&store, 1, &kept, &refusal))
			continue;
		pe_kept_free(&kept);
		read++;
	}
	ktap_result(!read, "nor is one that is not as it was written");
	whole[len] = 'x';
	file_write(path, whole, len + 1);
	ktap_result(pe_store_read(&store, 1, &kept, &refusal) == -EIO &&
			    strstr(refusal.text, "revision 1 ") && strstr(refusal.text, "damaged"),
		    "it is told which one");
	file_write(path_of("torn/2.conf"), whole, len);
	ktap_result(pe_store_read(&store, 2, &kept, &refusal) == -EIO,
		    "one under another's name is none");
	file_write(path, whole, len);
	ktap_result(kept_is(&store, 1, TEXT), "and whole it is one again");
	pe_store_close(&store);
}

/* Whatever else lies there. */
static void test_foreign(void)
{
	static const char *const names[] = { "0.conf",	"01.conf",    "x.conf",		"1.conf~",
					     "-1.conf", "9.conf.bak", "4294967296.conf" };
	struct pe_refusal refusal;
	struct pe_store store;
	char name[64];
	size_t i;

	store_new(&store, "foreign");
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "foreign/%s", names[i]);
		file_write(path_of(name), "", 0);
	}
	pe_store_close(&store);
	store_in(&store, "foreign", false, &refusal);
	ktap_result(!store.count, "other files are no revisions");
	pe_store_close(&store);
}

static void test_number(void)
{
	struct pe_refusal refusal;
	struct pe_store store;

	store_new(&store, "number");
	file_write(path_of("number/4294967295.conf"), "", 0);
	pe_store_close(&store);
	store_in(&store, "number", true, &refusal);
	ktap_result(store_add(&store, TEXT, &refusal) == -EIO && strstr(refusal.text, "run out"),
		    "no number follows the last");
	pe_store_close(&store);
}

static void test_pruned(void)
{
	struct pe_refusal refusal;
	struct pe_store store;
	int i, err = 0;

	store_new(&store, "pruned");
	store.spared = 3;
	for (i = 0; i < PE_STORE_MAX + 10 && !err; i++)
		err = store_add(&store, TEXT, &refusal);
	ktap_result(pe_store_has(&store, 1), "nothing is forgotten before that is asked for");
	pe_store_prune(&store);
	ktap_result(!err && store.count == PE_STORE_MAX, "a number of them is kept");
	ktap_result(pe_store_has(&store, 3) && !pe_store_has(&store, 2) &&
			    !pe_store_has(&store, 11) && pe_store_has(&store, 12) &&
			    pe_store_last(&store) == PE_STORE_MAX + 10,
		    "the oldest go, but for the one that is needed");
	pe_store_close(&store);
	store_in(&store, "pruned", false, &refusal);
	ktap_result(store.count == PE_STORE_MAX && kept_is(&store, 3, TEXT),
		    "and so it is found again");
	pe_store_close(&store);
}

/* A disk on which nothing has room. */
static void test_full(void)
{
	struct rlimit old, none = { .rlim_cur = 100, .rlim_max = RLIM_INFINITY };
	struct pe_pending pending = { .revision = 2, .back = 1 };
	struct pe_refusal refusal, second;
	struct pe_store store;
	int err, err2;

	store_new(&store, "full");
	store_add(&store, TEXT, &refusal);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	err = store_add(&store, TEXT, &refusal);
	none.rlim_cur = 10;
	setrlimit(RLIMIT_FSIZE, &none);
	err2 = pe_pending_start(&store, &pending, &second);
	setrlimit(RLIMIT_FSIZE, &old);
	ktap_result(err == -EIO && strstr(refusal.text, "cannot keep revisions in "),
		    "no room is refused");
	ktap_result(err2 == -EIO && strstr(second.text, "cannot note"),
		    "and so is what would wait to be confirmed");
	pe_store_close(&store);
	store_in(&store, "full", false, &refusal);
	ktap_result(store.count == 1 && kept_is(&store, 1, TEXT) &&
			    access(path_of("full/.new"), F_OK) &&
			    access(path_of("full/.confirm"), F_OK),
		    "what was there is left, and nothing else");
	pe_pending_read(&store, &pending, &refusal);
	ktap_result(!pending.revision, "nothing waits");
	pe_store_close(&store);
}

/* Of a child that is not root. */
static int nobody(const char *name, bool change, char *text)
{
	struct pe_refusal refusal;
	struct pe_store store;
	int fds[2], status;
	ssize_t got;

	if (pipe(fds))
		return -1;
	fflush(NULL);
	if (!fork()) {
		if (!geteuid() && (setgid(65534) || setuid(65534)))
			_exit(9);
		refusal.text[0] = '\0';
		status = store_in(&store, name, change, &refusal);
		if (!status && change)
			status = store_add(&store, TEXT, &refusal);
		got = write(fds[1], refusal.text, strlen(refusal.text) + 1);
		_exit(status ? 2 : got < 0);
	}
	close(fds[1]);
	got = read(fds[0], text, PE_REFUSAL_TEXT);
	close(fds[0]);
	text[got > 0 ? got - 1 : 0] = '\0';
	wait(&status);
	return WEXITSTATUS(status);
}

static void test_permissions(void)
{
	char text[PE_REFUSAL_TEXT];
	struct pe_store store;

	store_new(&store, "closed");
	pe_store_close(&store);
	chmod(base, 0711);
	chmod(path_of("closed"), 0);
	ktap_result(nobody("closed", true, text) == 2 &&
			    strstr(text, "cannot keep revisions in ") &&
			    strstr(text, "Permission denied"),
		    "a directory that is closed is told of");
	chmod(path_of("closed"), 0555);
	ktap_result(nobody("closed", true, text) == 2 && strstr(text, "Permission denied"),
		    "so is one that is somebody else's");
	ktap_result(!nobody("closed", false, text), "which can be read");
	chmod(path_of("closed"), 0700);
}

static void test_missing(void)
{
	struct pe_refusal refusal;
	struct pe_store store;

	ktap_result(store_in(&store, "none", true, &refusal) == -EIO &&
			    strstr(refusal.text, "No such file"),
		    "a directory that is missing is not made");
	mkdir(path_of("some"), 0700);
	ktap_result(!pe_store_open(&store, path_of("some"), "eng", false, &refusal) &&
			    store.dir < 0 && !store.count && access(path_of("some/netns"), F_OK),
		    "nothing of a network namespace is nothing");
	pe_store_close(&store);
	ktap_result(!pe_store_open(&store, path_of("some"), "eng", true, &refusal) &&
			    !store_add(&store, TEXT, &refusal) &&
			    !access(path_of("some/netns/eng/1.conf"), F_OK),
		    "its part is made");
	pe_store_close(&store);
	ktap_result(!pe_store_open(&store, path_of("some"), NULL, true, &refusal) && !store.count,
		    "and no other's");
	pe_store_close(&store);
}

#define WRITERS 8
#define EACH 10

/* Several at once: no number is given twice, nobody's text is another's. */
static void test_concurrent(void)
{
	struct pe_refusal refusal;
	struct pe_store store;
	int i, n, status, good = 0;
	uint32_t number;

	mkdir(path_of("many"), 0700);
	fflush(NULL);
	for (i = 0; i < WRITERS; i++) {
		if (fork())
			continue;
		for (n = 0; n < EACH; n++) {
			if (store_in(&store, "many", true, &refusal) ||
			    store_add(&store, TEXT, &refusal))
				_exit(1);
			pe_store_close(&store);
		}
		_exit(0);
	}
	for (i = 0; i < WRITERS; i++)
		good += wait(&status) > 0 && !status;
	store_in(&store, "many", false, &refusal);
	ktap_result(good == WRITERS && store.count == WRITERS * EACH &&
			    pe_store_last(&store) == WRITERS * EACH,
		    "many at once are one after the other");
	for (number = 1; number <= store.count && kept_is(&store, number, TEXT); number++)
		;
	ktap_result(number == WRITERS * EACH + 1, "and all of them are whole");
	pe_store_close(&store);
}

/* Who has it locked may have been stopped. */
static void test_locked(void)
{
	struct pe_store store, other;
	struct pe_refusal refusal;

	store_new(&store, "locked");
	ktap_result(pe_store_open(&other, path_of("locked"), NULL, PE_STORE_TRY, &refusal) ==
				    -EIO &&
			    strstr(refusal.text, "cannot keep revisions in "),
		    "who does not want to wait for ever need not");
	pe_store_close(&store);
	ktap_result(!pe_store_open(&other, path_of("locked"), NULL, PE_STORE_TRY, &refusal),
		    "and has it at once where nobody is in the way");
	pe_store_close(&other);
}

static void pending_of(struct pe_pending *pending)
{
	memset(pending, 0, sizeof(*pending));
	pending->revision = 8;
	pending->back = 7;
	pending->seconds = 60;
	pending->until = time(NULL) + 60;
}

static void test_pending(void)
{
	struct pe_pending mine, seen, other;
	struct pe_refusal refusal;
	struct pe_store store;

	store_new(&store, "pending");
	ktap_result(!pe_pending_read(&store, &seen, &refusal) && !seen.revision, "nothing waits");
	pending_of(&mine);
	ktap_result(!pe_pending_start(&store, &mine, &refusal) &&
			    !pe_pending_read(&store, &seen, &refusal) && seen.revision == 8 &&
			    seen.back == 7 && seen.seconds == 60 && seen.until == mine.until &&
			    seen.watched && !pe_pending_is_void(&seen),
		    "something waits, and somebody will undo it");
	ktap_result(pe_pending_is_mine(&store, &mine), "who that is knows");
	pe_pending_end(&store, &refusal);
	ktap_result(!pe_pending_read(&store, &seen, &refusal) && !seen.revision &&
			    !pe_pending_is_mine(&store, &mine),
		    "it was confirmed");
	pending_of(&other);
	pe_pending_start(&store, &other, &refusal);
	ktap_result(!pe_pending_is_mine(&store, &mine) && pe_pending_is_mine(&store, &other),
		    "what waits then is another's");
	close(other.fd);
	ktap_result(!pe_pending_read(&store, &seen, &refusal) && seen.revision == 8 &&
			    !seen.watched,
		    "who should undo it died");
	close(mine.fd);
	strcpy(seen.boot, "another");
	ktap_result(pe_pending_is_void(&seen), "the machine was started again");
	pe_pending_read(&store, &seen, &refusal);
	seen.netns++;
	ktap_result(pe_pending_is_void(&seen), "the network namespace is another");
	file_write(path_of("pending/confirm"), "revision 8\nback 7\nseco", 22);
	ktap_result(pe_pending_read(&store, &seen, &refusal) == -EIO &&
			    strstr(refusal.text, "is damaged"),
		    "what is torn is told of");
	pe_store_close(&store);
}

int main(void)
{
	char command[64];
	int code;

	if (!mkdtemp(base))
		return 1;
	ktap_start();
	test_kept();
	test_torn();
	test_foreign();
	test_number();
	test_pruned();
	test_full();
	test_permissions();
	test_missing();
	test_concurrent();
	test_locked();
	test_pending();
	code = ktap_end();
	fflush(stdout);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command) || code;
}
