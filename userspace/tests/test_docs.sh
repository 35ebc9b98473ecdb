#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Manual page and completion are what the tables of pectl say, and complete.

cd "$(dirname "$0")/.." || exit 1
number=0
failed=0

# result STATUS NAME
result()
{
	number=$((number + 1))
	if (($1)); then
		failed=1
		echo "not ok $number $2"
	else
		echo "ok $number $2"
	fi
}

man=../Documentation/man/pectl.8
completion=pectl/pectl.bash-completion

echo "KTAP version 1"

pectl/docs.sh --check "$DOCGEN" "$man" | sed 's/^/# /'
result "${PIPESTATUS[0]}" "manual page is what the tables say"
pectl/docs.sh --check "$DOCGEN" "$completion" | sed 's/^/# /'
result "${PIPESTATUS[0]}" "completion is what the tables say"

# Every word of the lexer is somewhere in the tables, and the other way round.
lexer=$(sed -n 's/^"\([a-z][a-z0-9]*\)".*/\1/p' pectl/lexer.l | sort -u)
tables=$("$DOCGEN" words | grep -v _options= | sed "s/.*='//; s/'//" | tr ' ' '\n' | sort -u)
diff <(echo "$lexer") <(echo "$tables") | sed 's/^/# /'
result "${PIPESTATUS[0]}" "words of the lexer and of the tables are the same"

# Every option of the table is explained, and every command has help.
bad=0
while read -r command; do
	[[ $("$PECTL" help "${command%% *}") == *"pectl $command"* ]] || bad=1
done < <("$PECTL" help | sed -n 's/^  pectl \([a-z ]*[a-z]\).*/\1/p')
result $bad "every command has help"

if command -v groff >/dev/null; then
	warnings=$(groff -man -ww -Tutf8 "$man" 2>&1 >/dev/null)
	[[ -z $warnings ]] || echo "# $warnings"
	result "$([[ -z $warnings ]]; echo $?)" "manual page has no errors"
fi

# complete EXPECTED WORD...: the last word is being typed
complete_is()
{
	local expected=$1 seen

	shift
	seen=$(bash -c '
		pectl() { echo "fw1 x"; echo "web1 y"; }
		ip() { echo "1: eth0@if3: <UP>"; echo "2: eth1: <UP>"; }
		compopt() { :; }
		. "$0"
		COMP_WORDS=(pectl "$@")
		COMP_CWORD=$#
		_pectl
		echo "${COMPREPLY[*]}"' "$completion" "$@")
	if [[ $seen != "$expected" ]]; then
		echo "# seen: $seen"
		echo "# wanted: $expected"
	fi
	result "$([[ $seen == "$expected" ]]; echo $?)" "completion of: pectl $*"
}

complete_is "apply acl" a
complete_is "diff device" d
complete_is "--json" --j
complete_is "add replace change del show state" device ""
complete_is "add replace change copy del show validate" service ""
complete_is "fw1 web1" service copy ""
complete_is "to" service copy web1 ""
complete_is "" service copy web1 to ""
complete_is "sequence" service copy web1 to web2 se
complete_is "web1" device del w
complete_is "fw1 web1" service show ""
complete_is "" device add ""
complete_is "server" device add x se
complete_is "with" device replace x w
complete_is "server" device replace x se
complete_is "fw1 web1" device replace x with ""
complete_is "" device replace x with fw1 ""
complete_is "eth0 eth1" device replace x tap dev ""
complete_is "lladdr" device replace x tap dev eth0 ll
complete_is "vip via" service replace x vi
complete_is "eth0 eth1" device add x tap dev ""
complete_is "loopback alias nat" device add x server mode ""
complete_is "fw1 fw1" service add web vip 1.2.3.4 sequence f
complete_is "failover maglev" pool add fw members a policy ""
complete_is "up" device state fw1 u
complete_is "fw1 fw1" service add web vip 1.2.3.4 sequence web1, f
complete_is "" service add web vip ""
complete_is "sequence" -n a service add web vip 1.2.3.4 se
complete_is "eth0 eth1" explain from 1.2.3.4 iif ""
complete_is "config events" monitor ""
complete_is "rev" diff ""
complete_is "fw1 web1" rollback rev ""
complete_is "show" revision ""
complete_is "fw1 web1" revision show ""
complete_is "" rollback --comment ""
complete_is "fw1 web1" trace service ""
complete_is "eth0 eth1" trace service web iif ""
complete_is "fw1 web1" capture ""
complete_is "show flush" flow ""
complete_is "service device client tcp udp sctp icmp icmpv6 proto" flow show ""
complete_is "fw1 web1" flow flush tcp device ""
complete_is "state" service add web vip 1.2.3.4 st
complete_is "step" capture web st
complete_is "flush flow" -j -s f
complete_is "timeout" check ti
complete_is "interval" watch in
complete_is "fw1 web1" check device ""
complete_is "fw1" service validate f

echo "1..$number"
exit $failed
