/* SPDX-License-Identifier: GPL-2.0-only */
/* The one grammar of arguments, configuration files and batches. */

%code requires {
#include "parse.h"

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif
}

%code {
#include <check.h>

#include "lexer.h"
#include "syntax.h"

static void yyerror(yyscan_t scanner, struct parse *parse, const char *message);

/* An error that an action has reported ends the reading. */
#define CHECK                          \
	do {                           \
		if (parse->failed)     \
			YYABORT;       \
	} while (0)
}

%define api.pure full
%define parse.error custom
%define lr.type canonical-lr
%define lr.default-reduction consistent
%lex-param { yyscan_t scanner }
%parse-param { yyscan_t scanner } { struct parse *parse }

%union {
	struct word word;
	int number;
}

%token START_ARGUMENTS START_FILE
%token NL "the end of the line"
%token <word> NAME "a name"
%token <word> '{' '}' ';' ','

%token <word> ADD "add" ADDRESS "address" ALIAS "alias" ANNOUNCE "announce" APPLY "apply"
%token <word> CHANGE "change"
%token <word> CONFIG "config" COPY "copy" DEL "del" DEV "dev" DEVICE "device" DIFF "diff"
%token <word> DYNAMIC "dynamic" EMITS "emits"
%token <word> EVENTS "events" EXPLAIN "explain" FLUSH "flush" FROM "from" GUARD "guard"
%token <word> HELP "help" ICMP "icmp" ICMPV6 "icmpv6" IIF "iif" INLINE "inline"
%token <word> INSIDE "inside" LLADDR "lladdr" LOOPBACK "loopback" MODE "mode"
%token <word> MONITOR "monitor" NAT "nat" OUTSIDE "outside" PORT "port" PROTO "proto"
%token <word> REPLACE "replace" SCTP "sctp" SEQUENCE "sequence" SERVER "server"
%token <word> SERVICE "service" SHOW "show" SPORT "sport" STATS "stats" TAP "tap"
%token <word> DSCP "dscp" LINK "link" MPLS "mpls" NSH "nsh" TRACK "track" VLAN "vlan"
%token <word> TCP "tcp" TO "to" TRANSPARENT "transparent" UDP "udp" VIA "via" VIP "vip"
%token <word> REMOTE "remote" VNI "vni"
%token <word> CLIENT "client" EXIT "exit" TABLE "table"
%token <word> CONFIRM "confirm" REV "rev" REVISION "revision" ROLLBACK "rollback"
%token <word> ARP "arp" CHECK_WORD "check" HTTP "http" PAGE "page" TIMEOUT "timeout" VALIDATE "validate"
%token <word> WITH "with"
%token <word> OWNER "owner"
%token <word> FALL "fall" INTERVAL "interval" RISE "rise" WATCH "watch"
%token <word> CAPTURE "capture" COUNT "count" SNAPLEN "snaplen" STEP_WORD "step" TRACE "trace"

%token <word> POOL "pool" MEMBERS "members" POLICY "policy" FAILOVER "failover" MAGLEV "maglev"
%token <word> MEASURE "measure" ONE_WAY "oneway"
%token <word> KEY "key" FLOW "flow" WEIGHT "weight" DETECT "detect" OFF "off" PACKETS "packets"
%token <word> WINDOW "window" REVIVE "revive" FAIL "fail" OPEN "open" CLOSED "closed"
%token <word> ACL "acl" PERMIT "permit" DENY "deny" DEFAULT "default" FLAGS "flags" TYPE "type"
%token <word> CODE "code" FRAGMENTS "fragments" INSERT "insert" DELETE "delete" POSITION "position"
%token <word> ENGINE "engine"
%token <word> FORWARD "forward" MARK "mark" PRIORITY "priority" REVERSE "reverse"
%token <word> BYTES "bytes" FLOWS "flows" LIMIT "limit"
%token <word> STATE_WORD "state" UP "up" DOWN "down" DRAIN "drain" MAINTENANCE "maintenance"

%type <word> name plain verb any other more proto
%type <number> write mode method state

/* A port behind a device belongs to that step. */
%precedence STEP
%precedence PORT

%%

start:
	START_ARGUMENTS command
|	START_FILE statements
;

/* ---- files ---- */

statements:
	%empty
|	statements NL
|	statements ';'
|	statements device_start device_items '}' { device_end(parse); CHECK; }
|	statements pool_start pool_items '}' { pool_end(parse); CHECK; }
|	statements acl_start acl_items '}' { acl_end(parse); CHECK; }
|	statements service_start service_items '}' { service_end(parse); CHECK; }
|	statements engine_start engine_items '}' { engine_end(parse); CHECK; }
|	statements with_body NL
|	statements without_body NL
|	statements without_body ';'
;

device_start:
	DEVICE plain newlines '{'	{ device_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	DEVICE verb '{'			{ device_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	DEVICE COPY newlines '{'	{ device_begin(parse, PE_VERB_ADD, $2); CHECK; }
;

pool_start:
	POOL plain newlines '{'		{ pool_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	POOL verb '{'			{ pool_begin(parse, PE_VERB_ADD, $2); CHECK; }
;

acl_start:
	ACL plain newlines '{'		{ acl_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	ACL verb '{'			{ acl_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	ACL INSERT '{'			{ acl_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	ACL DELETE '{'			{ acl_begin(parse, PE_VERB_ADD, $2); CHECK; }
;

service_start:
	SERVICE plain newlines '{'	{ service_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	SERVICE verb '{'		{ service_begin(parse, PE_VERB_ADD, $2); CHECK; }
|	SERVICE COPY '{'		{ service_begin(parse, PE_VERB_ADD, $2); CHECK; }
;

engine_start:
	ENGINE newlines '{'		{ engine_begin(parse, PE_VERB_ADD, $1); CHECK; }
;

newlines:
	%empty
|	newlines NL
;

/* ---- commands ---- */

command:
	with_body			{ CHECK; }
|	without_body			{ CHECK; }
|	SHOW				{ request_show(parse, PE_OBJECT_ALL, $1); }
|	DEVICE SHOW			{ request_show(parse, PE_OBJECT_DEVICE, $2); }
	names
|	DEVICE STATE_WORD name		{ request_start(parse, REQUEST_STATE, $2); parse->request->object = PE_OBJECT_DEVICE; request_show_name(parse, $3); CHECK; }
	state				{ request_state(parse, $5); }
|	POOL SHOW			{ request_show(parse, PE_OBJECT_POOL, $2); }
	names
|	ACL SHOW			{ request_show(parse, PE_OBJECT_ACL, $2); }
	names
|	SERVICE SHOW			{ request_show(parse, PE_OBJECT_SERVICE, $2); }
	names
|	ENGINE SHOW			{ request_show(parse, PE_OBJECT_ENGINE, $2); }
|	DEVICE REPLACE name WITH name	{ request_replace(parse, $2, $3, $5); CHECK; }
|	APPLY				{ request_start(parse, REQUEST_APPLY, $1); }
|	DIFF				{ request_start(parse, REQUEST_DIFF, $1); }
	revision
|	CONFIRM				{ request_start(parse, REQUEST_CONFIRM, $1); }
|	ROLLBACK			{ request_start(parse, REQUEST_ROLLBACK, $1); }
	revision
|	REVISION SHOW			{ request_start(parse, REQUEST_REVISION, $1); }
|	REVISION SHOW NAME		{ request_start(parse, REQUEST_REVISION, $1); request_revision(parse, $3); CHECK; }
|	STATS				{ request_start(parse, REQUEST_STATS, $1); }
|	FLOW SHOW			{ request_start(parse, REQUEST_FLOW, $1); }
	flows_items
|	FLOW FLUSH			{ request_start(parse, REQUEST_FLOW_FLUSH, $1); }
	flows_items
|	EXPLAIN				{ request_start(parse, REQUEST_EXPLAIN, $1); }
	flow_items			{ request_flow_end(parse, $1); CHECK; }
|	TRACE				{ request_start(parse, REQUEST_TRACE, $1); }
	trace_items			{ request_watch_end(parse, $1); CHECK; }
|	CAPTURE name			{ request_start(parse, REQUEST_CAPTURE, $1); request_watch_service(parse, $2); CHECK; }
	capture_items			{ request_watch_end(parse, $1); CHECK; }
|	CHECK_WORD			{ request_check(parse, REQUEST_CHECK, $1); }
	check_items targets
|	WATCH				{ request_check(parse, REQUEST_WATCH, $1); }
	watch_items targets		{ request_check_end(parse); }
|	SERVICE VALIDATE name		{ request_check(parse, REQUEST_VALIDATE, $2); request_check_name(parse, PE_OBJECT_SERVICE, $3); CHECK; }
|	MONITOR				{ request_start(parse, REQUEST_MONITOR, $1); }
	groups
|	HELP				{ request_start(parse, REQUEST_HELP, $1); }
	topic
;

names:
	%empty
|	names name			{ request_show_name(parse, $2); CHECK; }
;

revision:
	%empty
|	REV NAME			{ request_revision(parse, $2); CHECK; }
;

groups:
	%empty
|	groups CONFIG			{ request_monitor(parse, REQUEST_MONITOR_CONFIG); }
|	groups EVENTS			{ request_monitor(parse, REQUEST_MONITOR_EVENTS); }
;

topic:
	%empty
|	name				{ request_help(parse, $1); }
;

without_body:
	DEVICE DEL name			{ parse_delete(parse, PE_OBJECT_DEVICE, $3); CHECK; }
|	POOL DEL name			{ parse_delete(parse, PE_OBJECT_POOL, $3); CHECK; }
|	ACL DEL name			{ parse_delete(parse, PE_OBJECT_ACL, $3); CHECK; }
|	ACL DELETE name POSITION NAME	{ parse_command(parse, $1); acl_begin(parse, PE_VERB_CUT, $3); CHECK; acl_position(parse, $5); CHECK; acl_end(parse); CHECK; }
|	SERVICE DEL name		{ parse_delete(parse, PE_OBJECT_SERVICE, $3); CHECK; }
|	ENGINE DEL			{ parse_delete(parse, PE_OBJECT_ENGINE, $1); CHECK; }
|	FLUSH				{ parse_flush(parse, $1); CHECK; }
;

with_body:
	device_head device_items	{ device_end(parse); CHECK; }
|	device_head '{' device_items '}' { device_end(parse); CHECK; }
|	pool_head pool_items		{ pool_end(parse); CHECK; }
|	pool_head '{' pool_items '}'	{ pool_end(parse); CHECK; }
|	acl_head acl_items		{ acl_end(parse); CHECK; }
|	acl_head '{' acl_items '}'	{ acl_end(parse); CHECK; }
|	service_head service_items	{ service_end(parse); CHECK; }
|	service_head '{' service_items '}' { service_end(parse); CHECK; }
|	engine_head engine_items	{ engine_end(parse); CHECK; }
|	engine_head '{' engine_items '}' { engine_end(parse); CHECK; }
;

device_head:
	DEVICE ADD name			{ parse_command(parse, $1); device_begin(parse, PE_VERB_ADD, $3); CHECK; }
|	DEVICE CHANGE name		{ parse_command(parse, $1); device_begin(parse, PE_VERB_CHANGE, $3); CHECK; }
|	DEVICE REPLACE name		{ parse_command(parse, $1); device_begin(parse, PE_VERB_REPLACE, $3); CHECK; }
;

pool_head:
	POOL write name			{ parse_command(parse, $1); pool_begin(parse, $2, $3); CHECK; }
;

acl_head:
	ACL write name			{ parse_command(parse, $1); acl_begin(parse, $2, $3); CHECK; }
|	ACL INSERT name POSITION NAME	{ parse_command(parse, $1); acl_begin(parse, PE_VERB_INSERT, $3); CHECK; acl_position(parse, $5); CHECK; }
;

service_head:
	SERVICE write name		{ parse_command(parse, $1); service_begin(parse, $2, $3); CHECK; }
|	SERVICE COPY name TO name	{ parse_command(parse, $1); service_copy(parse, $3, $5); CHECK; }
;

engine_head:
	ENGINE write			{ parse_command(parse, $1); engine_begin(parse, $2, $1); CHECK; }
;

write:
	ADD				{ $$ = PE_VERB_ADD; }
|	REPLACE				{ $$ = PE_VERB_REPLACE; }
|	CHANGE				{ $$ = PE_VERB_CHANGE; }
;

/* ---- devices ---- */

device_items:
	%empty
|	device_items device_item	{ CHECK; }
;

device_item:
	';'				{ device_separate(parse); }
|	SERVER				{ device_kind(parse, PE_DEVICE_KIND_SERVER, $1); }
|	INLINE				{ device_kind(parse, PE_DEVICE_KIND_INLINE, $1); }
|	TAP				{ device_kind(parse, PE_DEVICE_KIND_TAP, $1); }
|	TRANSPARENT			{ device_transparent(parse, $1); }
|	OUTSIDE				{ device_side(parse, PE_DEVICE_OUTSIDE, $1); }
|	INSIDE				{ device_side(parse, PE_DEVICE_INSIDE, $1); }
|	DEV name			{ device_dev(parse, $1, $2); }
|	LLADDR NAME			{ device_lladdr(parse, $1, $2); }
|	VIA NAME			{ device_via(parse, $1, $2); }
|	REMOTE NAME			{ device_remote(parse, $1, $2); }
|	VNI NAME			{ device_vni(parse, $1, $2); }
|	ADDRESS NAME			{ device_address(parse, $1, $2); }
|	MODE mode			{ device_mode(parse, $2, $1); }
|	GUARD				{ device_guard(parse, $1); }
|	OWNER name			{ parse_owner(parse, $1, $2); }
|	MEASURE				{ device_measure(parse, $1); }
;

mode:
	LOOPBACK			{ $$ = PE_SERVER_MODE_LOOPBACK; }
|	ALIAS				{ $$ = PE_SERVER_MODE_ALIAS; }
|	NAT				{ $$ = PE_SERVER_MODE_NAT; }
;

state:
	UP				{ $$ = PE_DEVICE_STATE_UP; }
|	DOWN				{ $$ = PE_DEVICE_STATE_DOWN; }
|	DRAIN				{ $$ = PE_DEVICE_STATE_DRAIN; }
|	MAINTENANCE			{ $$ = PE_DEVICE_STATE_MAINTENANCE; }
;

/* ---- pools ---- */

pool_items:
	%empty
|	pool_items ';'
|	pool_items MEMBERS members	{ pool_members(parse, $2); CHECK; }
|	pool_items POLICY FAILOVER	{ pool_policy(parse, PE_POOL_POLICY_FAILOVER, $2); CHECK; }
|	pool_items POLICY MAGLEV	{ pool_policy(parse, PE_POOL_POLICY_MAGLEV, $2); CHECK; }
|	pool_items KEY FLOW		{ pool_key(parse, PE_POOL_KEY_FLOW, $2); CHECK; }
|	pool_items KEY CLIENT		{ pool_key(parse, PE_POOL_KEY_CLIENT, $2); CHECK; }
|	pool_items DETECT OFF		{ pool_detect_off(parse, $2); CHECK; }
|	pool_items DETECT PACKETS NAME	{ pool_detect_packets(parse, $4); CHECK; }
|	pool_items DETECT WINDOW NAME	{ pool_detect_window(parse, $4); CHECK; }
|	pool_items DETECT PACKETS NAME WINDOW NAME { pool_detect_packets(parse, $4); pool_detect_window(parse, $6); CHECK; }
|	pool_items OWNER name		{ parse_owner(parse, $2, $3); CHECK; }
|	pool_items ONE_WAY		{ pool_one_way(parse, $2); CHECK; }
|	pool_items REVIVE		{ pool_revive(parse, $2); CHECK; }
|	pool_items REVIVE NAME		{ pool_revive(parse, $2); pool_revive_after(parse, $3); CHECK; }
;

members:
	member
|	members ',' member
;

member:
	name				{ pool_member(parse, $1); CHECK; }
|	name WEIGHT NAME		{ pool_member(parse, $1); pool_weight(parse, $3); CHECK; }
;

/* ---- access lists ---- */

acl_items:
	%empty
|	acl_items acl_item		{ CHECK; }
;

acl_item:
	';'				{ acl_separate(parse); }
|	DEFAULT PERMIT			{ acl_default(parse, $1, true); }
|	DEFAULT DENY			{ acl_default(parse, $1, false); }
|	OWNER name			{ acl_owner(parse, $1, $2); }
|	PERMIT				{ acl_rule(parse, $1, true); }
|	DENY				{ acl_rule(parse, $1, false); }
|	proto				{ acl_proto(parse, $1); }
|	FROM NAME			{ acl_from(parse, $1, $2); }
|	TO NAME				{ acl_to(parse, $1, $2); }
|	SPORT				{ acl_ports(parse, $1, PE_RULE_SPORT); CHECK; }
	acl_ranges
|	PORT				{ acl_ports(parse, $1, PE_RULE_PORT); CHECK; }
	acl_ranges
|	FLAGS				{ acl_flags(parse, $1); CHECK; }
	acl_flags
|	TYPE NAME			{ acl_number(parse, $1, $2, PE_RULE_TYPE); }
|	CODE NAME			{ acl_number(parse, $1, $2, PE_RULE_CODE); }
|	DSCP NAME			{ acl_number(parse, $1, $2, PE_RULE_DSCP); }
|	IIF name			{ acl_iif(parse, $1, $2); }
|	FRAGMENTS			{ acl_word(parse, $1, PE_RULE_FRAGMENTS); }
|	COUNT				{ acl_word(parse, $1, PE_RULE_COUNT); }
;

acl_ranges:
	NAME				{ acl_range(parse, $1); CHECK; }
|	acl_ranges ',' NAME		{ acl_range(parse, $3); CHECK; }
;

acl_flags:
	NAME				{ acl_flag(parse, $1); CHECK; }
|	acl_flags ',' NAME		{ acl_flag(parse, $3); CHECK; }
;

/* ---- limits ---- */

limits:
	measure				{ CHECK; }
|	limits measure			{ CHECK; }
;

measure:
	PACKETS NAME			{ limit_packets(parse, $1, $2); }
|	BYTES NAME			{ limit_bytes(parse, $1, $2); }
|	FLOWS NAME			{ limit_flows(parse, $1, $2); }
;

/* ---- the engine ---- */

engine_items:
	%empty
|	engine_items ';'
|	engine_items LIMIT		{ engine_limit(parse, $2); CHECK; }
	limits
;

/* ---- services ---- */

service_items:
	%empty
|	service_items ';'
|	service_items VIP NAME		{ service_vip(parse, $2, $3); CHECK; }
|	service_items CLIENT NAME	{ service_client(parse, $2, $3); CHECK; }
|	service_items EXIT exit		{ CHECK; }
|	service_items proto		{ service_proto(parse, $2); CHECK; }
|	service_items PORT ranges	{ service_ports(parse, $2); CHECK; }
|	service_items DYNAMIC		{ service_dynamic(parse, $2); CHECK; }
	ranges				{ service_dynamic_end(parse); }
|	service_items IIF name		{ service_iif(parse, $2, $3); CHECK; }
|	service_items TRACK method	{ service_track(parse, $2, $3); CHECK; }
|	service_items TRACK method NAME	{ service_track(parse, $2, $3); service_track_first(parse, $4); CHECK; }
|	service_items DSCP NAME		{ service_dscp(parse, $2, $3, PE_SERVICE_DSCP); CHECK; }
|	service_items DSCP FORWARD NAME	{ service_dscp(parse, $2, $4, PE_SERVICE_DSCP_FORWARD); CHECK; }
|	service_items DSCP REVERSE NAME	{ service_dscp(parse, $2, $4, PE_SERVICE_DSCP_REVERSE); CHECK; }
|	service_items PRIORITY NAME	{ service_priority(parse, $2, $3); CHECK; }
|	service_items MARK NAME		{ service_mark(parse, $2, $3); CHECK; }
|	service_items ANNOUNCE DEV name	{ service_announce(parse, $2, $4); CHECK; }
|	service_items ACL name		{ service_acl(parse, $2, $3); CHECK; }
|	service_items LIMIT		{ service_limit(parse, $2); CHECK; }
	limits
|	service_items OWNER name	{ parse_owner(parse, $2, $3); CHECK; }
|	service_items STATE_WORD OFF	{ service_state(parse, $2, false); CHECK; }
|	service_items STATE_WORD	{ service_state(parse, $2, true); CHECK; }
	state_items
|	service_items SEQUENCE steps	{ service_sequence(parse, $2); CHECK; }
;

state_items:
	%empty
|	state_items FLOWS NAME		{ service_state_flows(parse, $2, $3); CHECK; }
|	state_items TIMEOUT NAME	{ service_state_timeout(parse, $2, $3); CHECK; }
;

method:
	LINK				{ $$ = PE_TRACK_LINK; }
|	DSCP				{ $$ = PE_TRACK_DSCP; }
|	VLAN				{ $$ = PE_TRACK_VLAN; }
|	MPLS				{ $$ = PE_TRACK_MPLS; }
|	NSH				{ $$ = PE_TRACK_NSH; }
;

exit:
	VIA NAME			{ service_exit_via(parse, $1, $2); }
|	VIA NAME DEV name		{ service_exit_via(parse, $1, $2); service_exit_dev(parse, $3, $4); }
|	TABLE NAME			{ service_exit_table(parse, $1, $2); }
;

proto:
	TCP
|	UDP
|	SCTP
|	ICMP
|	ICMPV6
|	PROTO NAME			{ $$ = $2; }
;

ranges:
	NAME				{ service_range(parse, $1); CHECK; }
|	ranges ',' NAME			{ service_range(parse, $3); CHECK; }
;

steps:
	step
|	steps ',' step
;

step:
	name %prec STEP			{ service_step(parse, $1); CHECK; }
|	name PORT NAME			{ service_step(parse, $1); service_step_port(parse, $3); CHECK; }
|	name FAIL OPEN			{ service_step(parse, $1); service_step_open(parse); CHECK; }
|	name FAIL CLOSED		{ service_step(parse, $1); CHECK; }
|	emitter %prec STEP
|	emitter FAIL CLOSED
|	emitter PORT NAME		{ service_step_emits_port(parse, $3); CHECK; }
;

emitter:
	name EMITS proto		{ service_step(parse, $1); service_step_emits(parse, $3); CHECK; }
;

/* ---- packets to be explained ---- */

flow_items:
	%empty
|	flow_items flow_item		{ CHECK; }
;

flow_item:
	FROM NAME			{ request_flow_from(parse, $1, $2); }
|	TO NAME				{ request_flow_to(parse, $1, $2); }
|	proto				{ request_flow_proto(parse, $1); }
|	PORT NAME			{ request_flow_port(parse, $1, $2); }
|	SPORT NAME			{ request_flow_sport(parse, $1, $2); }
|	IIF name			{ request_flow_iif(parse, $1, $2); }
;

/* ---- flows that are remembered ---- */

flows_items:
	%empty
|	flows_items flows_item		{ CHECK; }
;

flows_item:
	SERVICE name			{ request_flows_name(parse, PE_FLOW_SERVICE, $1, $2); }
|	DEVICE name			{ request_flows_name(parse, PE_FLOW_DEVICE, $1, $2); }
|	CLIENT NAME			{ request_flows_client(parse, $1, $2); }
|	proto				{ request_flows_proto(parse, $1); }
;

/* ---- packets to be watched ---- */

trace_items:
	%empty
|	trace_items trace_item		{ CHECK; }
;

trace_item:
	FROM NAME			{ request_watch_from(parse, $2); }
|	TO NAME				{ request_watch_to(parse, $2); }
|	proto				{ request_watch_proto(parse, $1); }
|	PORT NAME			{ request_watch_port(parse, $2); }
|	SERVICE name			{ request_watch_service(parse, $2); }
|	IIF name			{ request_watch_iif(parse, $2); }
|	COUNT NAME			{ request_watch_count(parse, $2); }
;

capture_items:
	%empty
|	capture_items capture_item	{ CHECK; }
;

capture_item:
	STEP_WORD NAME			{ request_watch_step(parse, $2); }
|	SNAPLEN NAME			{ request_watch_snaplen(parse, $2); }
|	COUNT NAME			{ request_watch_count(parse, $2); }
;

/* ---- checks ---- */

check_items:
	%empty
|	check_items check_item		{ CHECK; }
;

check_item:
	TCP				{ request_check_kind(parse, PE_CHECK_TCP); }
|	UDP				{ request_check_kind(parse, PE_CHECK_UDP); }
|	ICMP				{ request_check_kind(parse, PE_CHECK_ICMP); }
|	HTTP				{ request_check_kind(parse, PE_CHECK_HTTP); }
|	HTTP PAGE NAME			{ request_check_page(parse, $3); }
|	ARP				{ request_check_kind(parse, PE_CHECK_ARP); }
|	TIMEOUT NAME			{ request_check_timeout(parse, $2); }
;

watch_items:
	%empty
|	watch_items watch_item		{ CHECK; }
;

watch_item:
	check_item
|	INTERVAL NAME			{ request_check_interval(parse, $2); }
|	RISE NAME			{ request_check_rise(parse, $2); }
|	FALL NAME			{ request_check_fall(parse, $2); }
;

targets:
	%empty
|	named_targets
;

named_targets:
	target
|	named_targets target
|	named_targets more		{ request_show_name(parse, $2); CHECK; }
;

target:
	DEVICE name			{ request_check_name(parse, PE_OBJECT_DEVICE, $2); CHECK; }
|	SERVICE name			{ request_check_name(parse, PE_OBJECT_SERVICE, $2); CHECK; }
;

/* Names that are none of the words that say what the next one is. */
more:
	NAME
|	other
|	verb
;

/* ---- names, which may be any word ---- */

name:
	NAME
|	any
|	verb
|	COPY
|	INSERT
|	DELETE
;

verb:
	ADD | CHANGE | DEL | REPLACE | SHOW
;

plain:
	NAME
|	any
;

any:
	other
|	DEVICE
|	SERVICE
;

other:
	CLIENT | EXIT | TABLE
|	ADDRESS | ALIAS | ANNOUNCE | APPLY | CONFIG | DEV | DIFF | DYNAMIC | EMITS | EVENTS
|	EXPLAIN | FLUSH | FROM
|	GUARD | HELP | ICMP | ICMPV6 | IIF | INLINE | INSIDE | LLADDR | LOOPBACK | MODE | MONITOR
|	NAT | OUTSIDE | PORT | PROTO | REMOTE | SCTP | SEQUENCE | SERVER | SPORT | STATS | TAP
|	TCP | TO | TRANSPARENT | UDP | VIA | VIP | VNI
|	DSCP | LINK | MPLS | NSH | TRACK | VLAN
|	CONFIRM | REV | REVISION | ROLLBACK
|	WITH | OWNER
|	CAPTURE | COUNT | SNAPLEN | STEP_WORD | TRACE
|	ACL | PERMIT | DENY | DEFAULT | FLAGS | TYPE | CODE | FRAGMENTS | POSITION
|	POOL | MEMBERS | POLICY | FAILOVER | MAGLEV | KEY | FLOW | WEIGHT | DETECT | OFF | PACKETS
|	FORWARD | MARK | PRIORITY | REVERSE
|	BYTES | ENGINE | FLOWS | LIMIT
|	WINDOW | REVIVE | FAIL | OPEN | CLOSED | STATE_WORD | UP | DOWN | DRAIN | MAINTENANCE
|	ARP | CHECK_WORD | HTTP | PAGE | TIMEOUT | VALIDATE
|	FALL | INTERVAL | RISE | WATCH
|	MEASURE | ONE_WAY
;

%%

static void yyerror(yyscan_t scanner, struct parse *parse, const char *message)
{
	(void)scanner;
	parse_error(parse, parse->word, "%s", message);
}

static int yyreport_syntax_error(const yypcontext_t *context, yyscan_t scanner,
				 struct parse *parse)
{
	yysymbol_kind_t expected[YYNTOKENS];
	const char *words[YYNTOKENS];
	int i, count = yypcontext_expected_tokens(context, expected, YYNTOKENS);

	(void)scanner;
	for (i = 0; i < count; i++)
		words[i] = yysymbol_name(expected[i]);
	syntax_report(parse, words, count);
	return 0;
}

/**
 * parse_source() - read a text
 * @parse: what to read and where to keep it
 *
 * Return: whether it could be understood; if not, why has been told.
 */
bool parse_source(struct parse *parse)
{
	yyscan_t scanner;

	if (yylex_init_extra(parse, &scanner))
		return false;
	yy_scan_buffer(parse->source->text, (size_t)parse->source->len + 2, scanner);
	if (yyparse(scanner, parse) && !parse->failed)
		parse_error(parse, parse->word, "too deep");
	yylex_destroy(scanner);
	return !parse->failed;
}
