#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Options, files, exit codes: what pectl does before it needs the kernel.

number=0
failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# is CODE PATTERN ARGUMENT...: exit code, and what both outputs match
is()
{
	local code=$1 pattern=$2 seen status

	shift 2
	seen=$("$SAN_PECTL" "$@" 2>&1 </dev/null)
	status=$?
	number=$((number + 1))
	# shellcheck disable=SC2053  # it is a pattern
	if [[ $status -eq $code && $seen == $pattern ]]; then
		echo "ok $number pectl $*"
	else
		echo "not ok $number pectl $*"
		echo "# exit code $status, wanted $code"
		echo "# seen: ${seen//$'\n'/$'\n'# }"
		echo "# wanted: $pattern"
		failed=1
	fi
}

echo "KTAP version 1"

is 1 "Usage: pectl*"
is 0 "Usage: pectl*" help
is 0 "Usage: pectl*" -h
is 0 "pectl apply -f FILE*" help apply
is 0 "pectl device add*Clauses:*transparent*" help device
is 1 "pectl: error: there is no command 'x'; see pectl help" help x
is 0 "pectl [0-9]*" -V
is 1 "pectl: error: unknown option --jsom; see pectl help" --jsom show
is 1 "pectl: error: unknown option --js; see pectl help" --js show
is 1 "pectl: error: unknown option -x; see pectl help" show -x
is 1 "pectl: error: option --json takes no argument" --json=yes show
is 1 "pectl: error: option -f needs an argument; see pectl help" apply -f
is 1 "pectl: error: 'x' is no generation" apply --generation x
is 1 "pectl: error: '-1' is no generation" apply --generation=-1
is 1 "pectl: error: '4294967296' is no generation" apply --generation 4294967296
is 1 "pectl: error: which file*" apply
is 1 "pectl: error: which file*" diff
is 1 "pectl: error: -f FILE goes with*" show -f "$dir/a"
is 1 "pectl: error: cannot open $dir/none: No such file or directory" -f "$dir/none"
is 1 "pectl: error: cannot read $dir: Is a directory" apply -f "$dir"
is 1 "pectl: error: cannot open network namespace 'none-such' (/run/netns/none-such)*" \
	-n none-such show
printf 'device a { tap dev e lladdr 02:00:00:00:00:01; }\nx' >"$dir/bad"
is 1 "$dir/bad:2:1: error: unknown word 'x'*" apply -f "$dir/bad"
is 1 "$dir/bad:2:1: error: unknown word 'x'*" -f "$dir/bad"
is 1 "$dir/bad:2:1: error: unknown word 'x'*" diff --file="$dir/bad"
is 1 "pectl: error: unknown word 'x'*" x

printf 'a\0b {' >"$dir/zero"
is 1 "$dir/zero:1:1: error: unknown word 'a[?]b'*" apply -f "$dir/zero"
printf 'device a { tap dev \0\0; }' >"$dir/zero"
is 1 "$dir/zero:1:20: error: *is no name of an interface*" apply -f "$dir/zero"

# A line with many returns in it is shown as far as it is there.
printf 'device %0100dx' 0 | tr 0 '\r' >"$dir/returns"
is 1 "$dir/returns:1:109: error: the end of the file is out of place*x*^" apply -f "$dir/returns"

# A sentence goes to standard error only.
number=$((number + 1))
if [[ -z $("$SAN_PECTL" x 2>/dev/null) ]]; then
	echo "ok $number nothing on standard output"
else
	echo "not ok $number nothing on standard output"
	failed=1
fi

# Output that cannot be written is no success, and no refusal.
number=$((number + 1))
"$SAN_PECTL" help >/dev/full 2>/dev/null
if [ $? -eq 6 ]; then
	echo "ok $number full disk"
else
	echo "not ok $number full disk"
	failed=1
fi

is 1 "pectl: error: capture needs a file for what it captures: -w FILE" capture web
is 1 "pectl: error: -w FILE goes with capture" -w "$dir/x" show
is 1 "pectl: error: --openmetrics goes with stats" show --openmetrics
echo 'device a { tap dev e lladdr 02:00:00:00:00:01; }' >"$dir/good"
is 1 "pectl: error: --openmetrics goes with stats" -f "$dir/good" --openmetrics
is 1 "pectl: error: --openmetrics and -j are two forms: choose one" stats -j --openmetrics

is 1 "pectl: error: --comment TEXT goes with apply and with rollback" --comment x show
is 1 "pectl: error: --confirm TIME goes with apply and with rollback" --confirm 60s diff rev 1
is 1 "pectl: error: --no-revision goes with apply*" --no-revision diff -f x
is 1 "pectl: error: --override goes with apply" --override rollback
is 1 "pectl: error: --override ends what waits*" apply -f x --override --confirm 10
is 1 "pectl: error: --no-revision leaves --comment*" --no-revision rollback --comment x
is 1 "pectl: error: --state DIR goes with what keeps or reads revisions" --state "$dir" show
is 1 "pectl: error: --state DIR goes with what keeps or reads revisions" --state "$dir" diff -f x
is 1 "pectl: error: --comment TEXT goes with*" --comment x -f /dev/null
is 1 "pectl: error: --no-revision leaves*" apply -f x --no-revision --state "$dir"
is 1 "pectl: error: --check changes nothing that --confirm could undo" \
	apply -f x --check --confirm 10
is 1 "pectl: error: diff compares with a file or with a revision, not with both" diff rev 1 -f x
for time in 0 x 10d 1sm -1 "" 86401 25h s; do
	is 1 "pectl: error: '$time' is *time to confirm*" apply -f x --confirm "$time"
done
is 1 "pectl: error: a comment is one line*" apply -f x --comment $'a\nb'
is 1 "pectl: error: a comment is one line*" apply -f x --comment $'\xff'
is 1 "pectl: error: a comment is one line*" apply -f x --comment "$(printf '%0256d' 0)"

# Revisions can be looked at without the kernel.
is 2 "pectl: error: cannot keep revisions in $dir/none: No such file or directory" \
	revision show --state "$dir/none"
is 2 "pectl: error: cannot read revisions in $dir/bad: Not a directory" \
	revision show --state "$dir/bad"
mkdir "$dir/state"
is 0 "" revision show --state "$dir/state"
is 0 '{"version":1,"revisions":[[]]}' -j revision show --state "$dir/state"
is 2 "pectl: error: there is no revision 1 in $dir/state" revision show 1 --state "$dir/state"
is 2 "pectl: error: nothing waits to be confirmed*" confirm --state "$dir/state"
echo x >"$dir/state/7.conf"
is 0 "7 *damaged*" revision show --state "$dir/state"
is 2 "pectl: error: revision 7 in $dir/state is damaged*" revision show 7 --state "$dir/state"
echo x >"$dir/state/confirm"
is 2 "pectl: error: the file confirm in $dir/state is damaged*" revision show --state "$dir/state"

if [[ ! -d /sys/module/pe ]]; then
	for command in show stats "stats --openmetrics" flush "service del a" "apply -f $dir/good" "-f $dir/good" \
		"diff -f $dir/good" monitor "explain from 1.2.3.4 to 1.2.3.5 iif e" trace \
		"capture web -w $dir/none"; do
		read -r -a words <<<"$command"
		is 3 "pectl: error: the kernel module pe is not loaded*modprobe pe*insmod*" \
			"${words[@]}"
	done
fi

echo "1..$number"
exit $failed
