// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that can fail is done before the kernel is asked to commit: what
 * it has becomes a revision if it is none, what it will have is written, and
 * what waits to be confirmed is noted. Then only names are given.
 */

#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <object.h>
#include <pwd.h>
#include <refusal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "parse.h"
#include "print_object.h"
#include "printer.h"

/* ---- opening ---- */

static const enum pe_store_use history_uses[] = {
	[HISTORY_READ] = PE_STORE_READ,
	[HISTORY_APPLY] = PE_STORE_CHANGE,
	[HISTORY_END] = PE_STORE_CHANGE,
	[HISTORY_UNDO] = PE_STORE_TRY,
};

static int history_refused(const struct pe_refusal *refusal)
{
	fprintf(stderr, "pectl: error: %s\n", refusal->text);
	return EXIT_REFUSED;
}

/**
 * history_time() - a time as text
 * @when: seconds since 1970
 * @buf: where to
 * @size: room there
 */
void history_time(int64_t when, char *buf, size_t size)
{
	time_t seconds = (time_t)when;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		snprintf(buf, size, "%" PRId64, when);
}

/**
 * history_tell_waiting() - say what waits to be confirmed
 * @pending: what waits
 * @out: where to
 */
void history_tell_waiting(const struct pe_pending *pending, FILE *out)
{
	char when[64];

	history_time(pending->until, when, sizeof(when));
	if (pending->watched)
		fprintf(out,
			"revision %" PRIu32
			" waits to be confirmed until %s: pectl confirm keeps it, pectl rollback undoes it\n",
			pending->revision, when);
	else
		fprintf(out,
			"revision %" PRIu32
			" was to be undone at %s unless confirmed, but the process that was to do it is gone: pectl confirm keeps it, pectl rollback undoes it\n",
			pending->revision, when);
}

/* The kernel has what it has; that something waits no more could not be written. */
static void history_end_waiting(const struct history *history)
{
	struct pe_refusal refusal;

	if (pe_pending_end(&history->store, &refusal))
		fprintf(stderr, "pectl: warning: %s\n", refusal.text);
}

/* Where the machine was started again, the kernel has nothing of it any more. */
static void history_check_void(struct history *history, enum history_use use)
{
	if (!history->waits.revision || !pe_pending_is_void(&history->waits))
		return;
	fprintf(stderr,
		"pectl: warning: revision %" PRIu32
		" waited to be confirmed when the machine was started again, or its network namespace made anew: nothing is undone\n",
		history->waits.revision);
	history->waits.revision = 0;
	if (use != HISTORY_READ)
		history_end_waiting(history);
}

/* Who acts as an owner ends only what waits that was done as the same. */
static bool history_waits_for_other(const struct history *history)
{
	const char *owner = history->options->owner;
	struct pe_revision revision;

	return owner && (!pe_store_look(&history->store, history->waits.revision, &revision) ||
			 strcmp(owner, revision.owner) != 0);
}

static int history_check_waiting(const struct history *history, enum history_use use)
{
	bool ends = use == HISTORY_APPLY || use == HISTORY_END;
	bool refused = (use == HISTORY_APPLY && !history->options->override) ||
		       history->options->confirm || (ends && history_waits_for_other(history));

	if (!history->waits.revision || !refused)
		return EXIT_DONE;
	fputs("pectl: error: ", stderr);
	history_tell_waiting(&history->waits, stderr);
	return EXIT_REFUSED;
}

/* What takes revisions is refused where there are none. */
static int history_missing(const struct options *options, enum history_use use)
{
	if (use == HISTORY_APPLY && !options->comment && !options->confirm)
		return EXIT_DONE;
	fputs("pectl: error: no revisions are kept here: make the directory " PLACE_DEFAULT
	      ", or name another with --state\n",
	      stderr);
	return EXIT_REFUSED;
}

static int history_open_store(struct history *history, enum pe_store_use use,
			      struct pe_refusal *refusal)
{
	const struct place *place = &history->place;
	int err = pe_store_open(&history->store, place->path, place->name, use, refusal);

	return err ? err : pe_pending_read(&history->store, &history->waits, refusal);
}

/* What waits is over with what is applied now, which is not kept from that. */
static int history_override(struct history *history)
{
	struct pe_refusal refusal;

	pe_store_close(&history->store);
	if (history_open_store(history, PE_STORE_TRY, &refusal)) {
		history->waits.revision = 0;
		fprintf(stderr,
			"pectl: warning: what waits to be confirmed may be undone yet: %s\n",
			refusal.text);
	}
	return EXIT_DONE;
}

/* Who wants no revisions needs no directory; what waits is respected all the same. */
static int history_open_without(struct history *history)
{
	struct pe_refusal ignored;

	if (history_open_store(history, PE_STORE_READ, &ignored))
		return EXIT_DONE;
	history_check_void(history, HISTORY_READ);
	if (history->waits.revision && history->options->override &&
	    !history_waits_for_other(history))
		return history_override(history);
	return history_check_waiting(history, HISTORY_APPLY);
}

/**
 * history_none() - no revisions at all
 * @history: is closed as others are
 * @options: the options, which must live as long
 */
void history_none(struct history *history, const struct options *options)
{
	memset(history, 0, sizeof(*history));
	history->store.dir = history->store.lock = history->own.fd = -1;
	history->options = options;
}

/**
 * history_open() - open the revisions of this network namespace
 * @history: the revisions
 * @options: the options, which must live as long
 * @use: what for
 * @place: where they are, or NULL to find out
 *
 * Return: EXIT_DONE, or another code after having told why.
 */
int history_open(struct history *history, const struct options *options, enum history_use use,
		 const struct place *place)
{
	bool without = options->no_revision && use == HISTORY_APPLY;
	struct pe_refusal refusal;
	int code = EXIT_DONE;

	history_none(history, options);
	snprintf(history->comment, sizeof(history->comment), "%s",
		 options->comment ? options->comment : "");
	if (place)
		place_copy(&history->place, place);
	else
		code = place_find(&history->place, options, without);
	if (code)
		return without ? EXIT_DONE : code;
	if (!history->place.path)
		return history_missing(options, use);
	if (without)
		return history_open_without(history);
	if (history_open_store(history, history_uses[use], &refusal))
		return history_refused(&refusal);
	history->keeps = use != HISTORY_READ && !options->no_revision;
	history_check_void(history, use);
	return history_check_waiting(history, use);
}

/**
 * history_close() - close the revisions; what was prepared and not done is left
 * @history: the revisions
 */
void history_close(struct history *history)
{
	pe_config_free(&history->before);
	if (history->store.path)
		pe_store_close(&history->store);
	place_free(&history->place);
	free(history->back);
	history->back = NULL;
}

/* ---- comparing ---- */

static char *history_text(const struct pe_config *config, size_t *len)
{
	const struct options plain = { 0 };
	struct printer p;
	FILE *out;
	char *text;

	out = open_memstream(&text, len);
	if (!out)
		return NULL;
	printer_init(&p, out, &plain);
	print_config(&p, config, PE_ALL_KINDS);
	fclose(out);
	return text;
}

/* One text can be written in several ways that mean the same. */
static bool history_means(const struct pe_kept *kept, const struct pe_config *config,
			  const char *owner)
{
	struct pe_config said = { 0 };
	struct parse parse = { .mode = PARSE_CONFIG, .config = &said };
	struct source source;
	char *ignored = NULL;
	bool same = false;
	size_t len;

	source_take_string(&source, "", kept->text);
	source.err = open_memstream(&ignored, &len);
	parse.source = &source;
	if (source.err) {
		same = parse_source(&parse);
		if (owner)
			pe_config_keep(&said, owner);
		same = same && pe_config_equal(&said, config);
		fclose(source.err);
	}
	free(ignored);
	pe_config_free(&said);
	source_free(&source);
	return same;
}

/**
 * history_is() - compare a configuration with a revision
 * @history: the revisions
 * @number: of the revision
 * @config: the configuration
 * @owner: of whose objects @config is, or NULL for everything
 *
 * Return: whether it means the same.
 */
bool history_is(const struct history *history, uint32_t number, const struct pe_config *config,
		const char *owner)
{
	struct pe_refusal ignored;
	struct pe_kept kept;
	bool same;

	if (pe_store_read(&history->store, number, &kept, &ignored))
		return false;
	same = history_means(&kept, config, owner);
	pe_kept_free(&kept);
	return same;
}

/**
 * history_is_newest() - compare a configuration with the newest revision
 * @history: the revisions
 * @config: the configuration
 *
 * Return: whether it means the same.
 */
bool history_is_newest(const struct history *history, const struct pe_config *config)
{
	uint32_t newest = pe_store_last(&history->store);

	return newest && history_is(history, newest, config, NULL);
}

/* ---- writing ---- */

static bool history_login(uid_t *uid)
{
	FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned int number = UINT32_MAX;

	if (!file)
		return false;
	if (fscanf(file, "%u", &number) != 1)
		number = UINT32_MAX;
	fclose(file);
	if (number == UINT32_MAX)
		return false;
	*uid = number;
	return true;
}

static bool history_is_user(const char *name)
{
	return name && *name && strlen(name) <= PE_REVISION_AUTHOR_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       strlen(name);
}

/* Who logged in, whatever he is now; else who became root; else who this is. */
static void history_author(char *author)
{
	const char *sudo = geteuid() ? NULL : getenv("SUDO_USER");
	uid_t uid = getuid();
	bool login = history_login(&uid);
	const struct passwd *user;

	if (!login && history_is_user(sudo)) {
		strcpy(author, sudo);
		return;
	}
	user = getpwuid(uid);
	if (user && history_is_user(user->pw_name))
		strcpy(author, user->pw_name);
	else
		snprintf(author, PE_REVISION_AUTHOR_MAX, "uid-%u", (unsigned int)uid);
}

static bool history_is_empty(const struct pe_config *config)
{
	int kind;

	for (kind = 0; kind < PE_OBJECT_ALL; kind++)
		if (config->tables[kind].count)
			return false;
	return true;
}

static int history_write(struct history *history, struct pe_revision *revision,
			 const struct pe_config *config, struct pe_refusal *refusal)
{
	size_t len;
	char *text = history_text(config, &len);
	int err;

	if (!text)
		return pe_refusal_set(refusal, EIO, "there is no memory for a revision");
	err = pe_store_write(&history->store, revision, text, len, refusal);
	free(text);
	return err;
}

/*
 * What the kernel has becomes a revision, if somebody changed it without one.
 * That it has nothing, as after the machine was started, is no configuration
 * that anybody made, unless it is the first one, or has to come back.
 */
static int history_note_found(struct history *history, uint32_t generation,
			      struct pe_refusal *refusal)
{
	struct pe_revision found = { .generation = generation,
				     .time = time(NULL),
				     .author = "-",
				     .comment = "as it was found" };
	int err;

	history->differs = false;
	if (history_is_newest(history, &history->before))
		return 0;
	if (history_is_empty(&history->before) && history->store.count &&
	    !history->options->confirm) {
		history->differs = true;
		return 0;
	}
	err = history_write(history, &found, &history->before, refusal);
	if (!err)
		err = pe_store_keep(&history->store, found.number, refusal);
	if (!err)
		history->found = found.number;
	return err;
}

static int history_write_next(struct history *history, const struct pe_config *wanted,
			      uint32_t generation, struct pe_refusal *refusal)
{
	struct pe_revision *next = &history->next;
	int err;

	next->generation = generation;
	next->time = time(NULL);
	history_author(next->author);
	if (history->options->owner)
		snprintf(next->owner, sizeof(next->owner), "%s", history->options->owner);
	strcpy(next->comment, history->comment);
	err = history_write(history, next, wanted, refusal);
	if (err)
		next->number = 0;
	return err;
}

/* What changes nothing is no revision, unless there is something to say of it. */
static bool history_needs_next(const struct history *history, const struct pe_config *wanted,
			       size_t changes)
{
	if (history->options->comment)
		return true;
	if (!changes)
		return false;
	return !history->differs || !history_is_newest(history, wanted);
}

/* What it goes back to is read now, not when that may be impossible. */
static int history_read_back(struct history *history, uint32_t number, struct pe_refusal *refusal)
{
	struct pe_kept kept;
	int err = pe_store_read(&history->store, number, &kept, refusal);

	if (err)
		return err;
	free(history->back);
	history->back = strdup(kept.text);
	pe_kept_free(&kept);
	return history->back ? 0 :
			       pe_refusal_set(refusal, EIO, "there is no memory for a revision");
}

static int history_wait(struct history *history, struct pe_refusal *refusal)
{
	struct pe_pending *own = &history->own;

	if (history_read_back(history, pe_store_last(&history->store), refusal))
		return -EIO;
	own->revision = history->next.number;
	own->back = pe_store_last(&history->store);
	own->seconds = history->options->confirm;
	own->until = time(NULL) + own->seconds;
	history->store.spared = own->back;
	if (!pe_pending_start(&history->store, own, refusal))
		return 0;
	own->revision = 0;
	return -EIO;
}

/**
 * history_feed() - keep what the kernel has
 * @history: the revisions
 * @nlh: a message with an object
 *
 * Return: 0, or a negative error number if the message makes no sense.
 */
int history_feed(struct history *history, const struct nlmsghdr *nlh)
{
	return history->keeps ? pe_config_add_message(&history->before, nlh) : 0;
}

/**
 * history_prepare() - do all that can fail, before the kernel commits
 * @history: the revisions, fed with what the kernel has
 * @wanted: what it will have; is sorted
 * @changes: how many changes that takes
 * @generation: that the kernel's configuration is at
 * @refusal: says why not
 *
 * Return: 0 or a negative error number.
 */
int history_prepare(struct history *history, struct pe_config *wanted, size_t changes,
		    uint32_t generation, struct pe_refusal *refusal)
{
	uint32_t after = generation + 1 ? generation + 1 : 1;
	int err;

	if (!history->keeps || history->options->check)
		return 0;
	history->store.spared = history->waits.back;
	pe_config_sort(&history->before);
	pe_config_sort(wanted);
	err = history_note_found(history, generation, refusal);
	if (!err && history_needs_next(history, wanted, changes))
		err = history_write_next(history, wanted, changes ? after : generation, refusal);
	if (!err && changes && history->options->confirm)
		err = history_wait(history, refusal);
	return err;
}

/**
 * history_undo() - the kernel did not commit: nothing was prepared
 * @history: the revisions
 */
void history_undo(struct history *history)
{
	pe_config_free(&history->before);
	if (!history->keeps)
		return;
	if (history->own.revision) {
		history_end_waiting(history);
		close(history->own.fd);
		history->own.fd = -1;
		history->own.revision = 0;
	}
	if (history->next.number)
		pe_store_drop(&history->store);
	if (history->found)
		pe_store_forget(&history->store, history->found);
	history->next.number = 0;
	history->found = 0;
}

/**
 * history_done() - the kernel committed: what was prepared is a revision
 * @history: the revisions
 */
void history_done(struct history *history)
{
	struct pe_refusal refusal;

	if (history->options->check)
		return;
	if (history->next.number &&
	    pe_store_keep(&history->store, history->next.number, &refusal)) {
		fprintf(stderr, "pectl: warning: the kernel has it, but %s\n", refusal.text);
		history->next.number = 0;
	}
	if (history->keeps)
		pe_store_prune(&history->store);
	if (history->waits.revision && history->store.lock >= 0)
		history_end_waiting(history);
}
