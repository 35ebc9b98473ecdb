# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Reading of what a test printed; shared by scripts/check and its guest side.

# ktap_result LOG STATUS NAME NUMBER SECONDS [FAILURE...]
#
# Judge a test by its output and exit status and print it as KTAP: its own
# results nested, then its line.  A FAILURE is one more thing that was wrong.
# Sets ktap_passed, ktap_failed, ktap_skipped: the number of its results, or one
# result if it printed none.
# shellcheck disable=SC2034  # they are for the caller
ktap_result()
{
	local log=$1 status=$2 name=$3 number=$4 seconds=$5 plan last failure

	shift 5
	read -r ktap_passed ktap_failed ktap_skipped plan last < <(awk '
		/^1\.\.[0-9]+/ { sub(/^1\.\./, ""); plan = $1 + 0; next }
		/^not ok/ { failed++; last++; next }
		/^ok/ { last++; if (toupper($0) ~ /# *SKIP/) skipped++; else passed++ }
		END { print passed + 0, failed + 0, skipped + 0,
			    plan == "" ? -1 : plan, last + 0 }' "$log")

	((plan <= last)) ||
		set -- "$@" "ended after $last of $plan results"
	case $status in
	0) ;;
	4) set -- "$@" "did not run: a tool is missing" ;;
	124|137) set -- "$@" "time limit" ;;
	*) ((ktap_failed + $#)) || set -- "$@" "exit status $status" ;;
	esac

	if ((last)); then
		if ((ktap_failed + $#)); then
			sed 's/^/    /' "$log"
		else
			grep -E '^(1\.\.|ok|not ok|KTAP|TAP)' "$log" | sed 's/^/    /'
		fi
	elif ((status || $#)); then
		sed 's/^/    # /' "$log"
	fi
	for failure; do
		last=$((last + 1))
		echo "    not ok $last $failure"
	done
	ktap_failed=$((ktap_failed + $#))
	if ((ktap_failed)); then
		echo "not ok $number $name # $seconds s"
	else
		# Nothing printed and nothing wrong: the test is its own result.
		((last)) || ktap_passed=1
		echo "ok $number $name # $seconds s"
	fi
}
