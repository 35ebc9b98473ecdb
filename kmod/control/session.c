// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: a socket's transaction, gone when it closes; and refusals. */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "check.h"
#include "session.h"
#include "sight.h"

/**
 * pe_session_find() - the session of a socket
 * @pn: namespace
 * @portid: of the socket
 *
 * Context: pe_net.lock held. A socket that sends is not being closed, so its
 * session stays while its message is handled.
 * Return: the session or NULL.
 */
struct pe_session *pe_session_find(struct pe_net *pn, u32 portid)
{
	struct pe_session *session, *found = NULL;

	spin_lock(&pn->sessions_lock);
	list_for_each_entry(session, &pn->sessions, list) {
		if (session->portid == portid) {
			found = session;
			break;
		}
	}
	spin_unlock(&pn->sessions_lock);
	return found;
}

/**
 * pe_session_get() - the session of a socket, a new one when it has none
 * @pn: namespace
 * @portid: of the socket
 *
 * Context: process context, pe_net.lock held.
 * Return: the session or an error pointer, -ENOSPC when there are too many.
 */
struct pe_session *pe_session_get(struct pe_net *pn, u32 portid)
{
	struct pe_session *session = pe_session_find(pn, portid);

	if (session)
		return session;
	if (pn->session_count == PE_SESSIONS_LIMIT)
		return ERR_PTR(-ENOSPC);
	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	session->portid = portid;
	pn->session_count++;
	spin_lock(&pn->sessions_lock);
	list_add(&session->list, &pn->sessions);
	spin_unlock(&pn->sessions_lock);
	return session;
}

/**
 * pe_session_begin() - begin a transaction
 * @pn: namespace
 * @session: session of the socket, without a transaction
 * @owner: as whom it acts, or NULL; the transaction's from now on
 *
 * Context: pe_net.lock held.
 */
void pe_session_begin(struct pe_net *pn, struct pe_session *session,
		      struct pe_owner *owner)
{
	pe_txn_init(pn, &session->txn);
	session->txn.owner = owner;
	session->open = true;
}

/**
 * pe_session_end() - forget the transaction of a socket
 * @pn: namespace
 * @session: session of the socket
 *
 * Context: process context, pe_net.lock held.
 */
void pe_session_end(struct pe_net *pn, struct pe_session *session)
{
	if (!session->open)
		return;
	pe_txn_release(pn, &session->txn);
	session->open = false;
}

static void pe_session_free(struct pe_net *pn, struct pe_session *session)
{
	mutex_lock(&pn->lock);
	pe_session_end(pn, session);
	pn->session_count--;
	mutex_unlock(&pn->lock);
	kfree(session);
}

/* A refusal, and when it was given. */
struct pe_text {
	unsigned long		when;
	char			text[PE_REFUSAL_MAX];
};

/* Refusals that a namespace remembers, and for how long at least. */
#define PE_TEXTS	256
#define PE_TEXT_TIME	HZ

static char *pe_session_text(struct pe_net *pn)
{
	struct pe_text *text;

	if (!pn->texts)
		pn->texts = kvcalloc(PE_TEXTS, sizeof(*pn->texts),
				     GFP_KERNEL_ACCOUNT);
	if (!pn->texts)
		return NULL;
	text = &pn->texts[pn->text_next % PE_TEXTS];
	if (text->when && time_before(jiffies, text->when + PE_TEXT_TIME))
		return NULL;
	pn->text_next++;
	text->when = jiffies ?: 1;
	return text->text;
}

/**
 * pe_session_refuse() - hand a refusal to who asked
 * @pn: namespace
 * @err: negative errno that goes with it
 * @refusal: the refusal
 * @fault: sequence number of the change that is at fault, 0 for none
 * @extack: out: sentence and cookie
 *
 * Linux 6.1 has no formatted messages, later ones cut them short. The kernel
 * reads the sentence when the handler has returned, without a lock of ours; so
 * it stays as it is for a while, and is freed with the namespace.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_session_refuse(struct pe_net *pn, int err,
		       const struct pe_refusal *refusal, u32 fault,
		       struct netlink_ext_ack *extack)
{
	u32 cookie[] = { fault, refusal->attr, refusal->index };
	char *text;

	if (!extack || (!refusal->text[0] && err != -ENOMEM))
		return;
	if (fault) {
		memcpy(extack->cookie, cookie, sizeof(cookie));
		extack->cookie_len = sizeof(cookie);
	}
	/* Nothing that would have to be kept, for there is no room. */
	if (err == -ENOMEM) {
		NL_SET_ERR_MSG(extack,
			       "there is not enough memory for this: nothing was changed, free some and repeat");
		return;
	}
	text = pe_session_text(pn);
	if (text) {
		strscpy(text, refusal->text, PE_REFUSAL_MAX);
		extack->_msg = text;
	} else {
		NL_SET_ERR_MSG(extack,
			       "too much was refused within a second to say why this was: ask again");
	}
}

/* A socket was closed: what it did not commit leaves no trace. */
static int pe_session_event(struct notifier_block *nb, unsigned long event,
			    void *data)
{
	const struct netlink_notify *notify = data;
	struct pe_session *session, *tmp, *found = NULL;
	struct pe_net *pn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	pn = pe_net(notify->net);
	pe_sight_closed(pn, notify->portid);
	pe_check_closed(pn, notify->portid);
	spin_lock(&pn->sessions_lock);
	list_for_each_entry_safe(session, tmp, &pn->sessions, list) {
		if (session->portid == notify->portid) {
			list_del(&session->list);
			found = session;
			break;
		}
	}
	spin_unlock(&pn->sessions_lock);
	if (found)
		pe_session_free(pn, found);
	return NOTIFY_DONE;
}

static struct notifier_block pe_session_notifier = {
	.notifier_call = pe_session_event,
};

/**
 * pe_session_close_all() - the namespace goes, or the module
 * @pn: namespace
 *
 * Context: process context; nobody can send any more.
 */
void pe_session_close_all(struct pe_net *pn)
{
	struct pe_session *session, *tmp;

	list_for_each_entry_safe(session, tmp, &pn->sessions, list) {
		list_del(&session->list);
		pe_session_free(pn, session);
	}
	kvfree(pn->texts);
}

/**
 * pe_session_init() - watch sockets being closed
 *
 * Return: 0 or a negative errno.
 */
int pe_session_init(void)
{
	return netlink_register_notifier(&pe_session_notifier);
}

/**
 * pe_session_exit() - watch no more
 */
void pe_session_exit(void)
{
	netlink_unregister_notifier(&pe_session_notifier);
}
