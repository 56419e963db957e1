%% What the cases of oracle.erl are made of: supervisors, probes as their children, and what is seen of them.
-module(oracle_rig).
-behaviour(supervisor).
-export([create/0, init/1, start_probe/3, start_unlinked/0]).
-export([start/1, start/2, start_simple/2, start_dynamic/3, start_ignored/0, start_tree/2, stop/1, ended/1]).
-export([probe/2, probe/3, next/2, always/2, die/2, down/1, settle/0, order/0, timed/1]).
-export([children/1, pid/2, active/1, alive/1, state/1]).
-export([in_turn/1, reply/1, fault/1, outcome/1, text/1, print/1]).

create() -> ets:new(plans, [set, named_table, public]).

%%% ---------------------------------------------------------------- supervisors

init(ignore) -> ignore;
init({Flags, Specs}) -> {ok, {Flags, Specs}}.

start(Specs) -> start(#{}, Specs).
start(Flags, Specs) -> supervisor:start_link(?MODULE, {Flags, Specs}).

%% A supervisor of dynamic probes: tag and behaviour are given with each.
start_simple(Flags, Template) ->
    Spec = #{id => probe, start => {?MODULE, start_probe, [self()]}, shutdown => 1_000},
    start(Flags#{strategy => simple_one_for_one}, [maps:merge(Spec, Template)]).

start_ignored() -> supervisor:start_link(?MODULE, ignore).

%% A supervisor and the one it supervises, `inner`.
start_tree(Restart, Init) ->
    Inner = #{id => inner, start => {supervisor, start_link, [?MODULE, Init]}, type => supervisor, restart => Restart},
    {ok, Top} = start(#{intensity => 3}, [Inner]),
    {Top, pid(Top, inner)}.

start_dynamic(Sup, Tag, Behaviour) -> supervisor:start_child(Sup, [Tag, Behaviour]).

stop(Sup) ->
    exit(Sup, shutdown),
    ended(Sup).

ended(Sup) ->
    receive {'EXIT', Sup, Reason} -> outcome(Reason) after 8_000 -> exit({still_alive, Sup}) end.

children(Sup) ->
    [text("~s ~s", [case Id of undefined -> '-'; _ -> Id end,
                    case Pid of undefined -> stopped; restarting -> restarting; _ -> running end])
     || {Id, Pid, _, _} <- supervisor:which_children(Sup)].

pid(Sup, Id) ->
    case lists:keyfind(Id, 1, supervisor:which_children(Sup)) of
        {Id, Pid, _, _} -> Pid;
        false -> none
    end.

active(Sup) -> proplists:get_value(active, supervisor:count_children(Sup)).
alive(Pid) -> is_process_alive(Pid).
state(Pid) -> case alive(Pid) of true -> alive; false -> ended end.

in_turn(Steps) -> maps:from_list([{Name, reply(Step())} || {Name, Step} <- Steps]).

reply({list, Children}) -> Children;
reply(ok) -> ok;
reply(ignore) -> ignored;
reply({ok, undefined}) -> ignored;
reply({ok, _Pid}) -> ok;
reply({error, nope}) -> start_failed;
reply({error, {nope, _Child}}) -> start_failed;
reply({error, {already_started, _}}) -> already_started;
reply({error, {bad_start_spec, _}}) -> bad_start_spec;
reply({error, Error}) when is_atom(Error) -> Error.

%% The name of what was wrong with flags or child specs; `ok` where nothing was.
fault(ok) -> ok;
fault({ok, _}) -> ok;
fault({error, {supervisor_data, Fault}}) -> fault({error, Fault});
fault({error, {start_spec, Fault}}) -> fault({error, Fault});
fault({error, Fault}) when is_tuple(Fault) -> element(1, Fault);
fault({error, Fault}) -> Fault.

outcome(normal) -> done;
outcome(shutdown) -> stopped;
outcome({shutdown, Reason}) -> text("stopped(~s)", [Reason]);
outcome(killed) -> killed;
outcome(_) -> failed.

timed(Do) ->
    From = erlang:monotonic_time(millisecond),
    Result = Do(),
    {erlang:monotonic_time(millisecond) - From, Result}.

%%% ---------------------------------------------------------------- probes

%% The spec of a child whose doings are reported to the case. Behaviour: `mode` (ok, ignore, error, info), what a start
%% answers; `trap`, it traps exits, and reports that it cleaned up; `clean_up_ms`, how long that takes.
probe(Id, Behaviour) -> probe(Id, Behaviour, #{}).
probe(Id, Behaviour, Spec) ->
    maps:merge(#{id => Id, start => {?MODULE, start_probe, [self(), Id, Behaviour]}, shutdown => 1_000}, Spec).

start_probe(Case, Tag, Behaviour) ->
    report(Case, starting, Tag),
    case planned(Case, Tag) of
        {slow, Ms} -> timer:sleep(Ms), {error, nope};
        ok -> start_probe_as(maps:get(mode, Behaviour, ok), Case, Tag, Behaviour);
        Mode -> start_probe_as(Mode, Case, Tag, Behaviour)
    end.

start_probe_as(ignore, _, _, _) -> ignore;
start_probe_as(error, _, _, _) -> {error, nope};
start_probe_as(info, Case, Tag, Behaviour) ->
    {ok, Pid} = start_probe_as(ok, Case, Tag, Behaviour),
    {ok, Pid, extra_info};
start_probe_as(ok, Case, Tag, Behaviour) ->
    Trap = maps:get(trap, Behaviour, false),
    proc_lib:start_link(erlang, apply, [fun() ->
        process_flag(trap_exit, Trap),
        proc_lib:init_ack({ok, self()}),
        be_probe(Case, Tag, maps:get(clean_up_ms, Behaviour, 0))
    end, []]).

be_probe(Case, Tag, CleanUpMs) ->
    receive
        {die, Reason} -> exit(Reason);
        {'EXIT', _, shutdown} -> timer:sleep(CleanUpMs), report(Case, cleaned, Tag), exit(shutdown);
        {'EXIT', _, _} -> be_probe(Case, Tag, CleanUpMs)
    end.

%% A child that breaks the link to its supervisor, and does not end when it is asked to.
start_unlinked() ->
    [Sup, Case | _] = [self() | get('$ancestors')],
    proc_lib:start_link(erlang, apply, [fun() ->
        process_flag(trap_exit, true),
        proc_lib:init_ack({ok, self()}),
        unlink(Sup),
        Case ! {unlinked, self()},
        receive after infinity -> ok end
    end, []]).

%% What the next starts of a tag do, instead of what its behaviour says: each of them once, or the same always.
next(Tag, Modes) -> ets:insert(plans, {{self(), Tag}, Modes}).
always(Tag, Mode) -> ets:insert(plans, {{self(), Tag}, Mode}).

planned(Case, Tag) ->
    case ets:lookup(plans, {Case, Tag}) of
        [{Key, [Mode | Modes]}] -> ets:insert(plans, {Key, Modes}), Mode;
        [{_, Mode}] when is_atom(Mode); is_tuple(Mode) -> Mode;
        _ -> ok
    end.

die(Pid, How) ->
    Monitor = monitor(process, Pid),
    Pid ! {die, case How of done -> normal; stopped -> shutdown; 'stopped(x)' -> {shutdown, x}; failed -> oops end},
    How = down(Monitor, fun(Outcome) -> binary_to_atom(text(Outcome)) end),
    settle().

%% Long enough for a supervisor to take notice of an exit, and to act upon it.
settle() -> timer:sleep(60).

down(Monitor) -> down(Monitor, fun(Outcome) -> Outcome end).
down(Monitor, Then) ->
    receive {'DOWN', Monitor, process, _, Reason} -> Then(outcome(Reason)) after 8_000 -> exit(still_alive) end.

report(Case, What, Tag) -> Case ! {report, text("~s ~s", [What, Tag])}.

%% What the probes did since this was asked last, oldest first.
order() -> receive {report, What} -> [What | order()] after 0 -> [] end.

%%% ---------------------------------------------------------------- output

print(Term) -> io:format("~s~n", [json(Term)]).

json(Map) when is_map(Map) ->
    [${, lists:join($,, [[json(Key), $:, json(Value)] || {Key, Value} <- maps:to_list(Map)]), $}];
json(List) when is_list(List) -> [$[, lists:join($,, [json(Each) || Each <- List]), $]];
json(Flag) when is_boolean(Flag) -> atom_to_list(Flag);
json(Number) when is_integer(Number) -> integer_to_list(Number);
json(Atom) when is_atom(Atom) -> json(atom_to_binary(Atom));
json(Text) when is_binary(Text) -> [$", binary:replace(Text, [<<$">>, <<$\\>>], <<"'">>, [global]), $"].

text(Text) when is_binary(Text) -> Text;
text(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
text(Term) -> text("~0p", [Term]).
text(Format, Values) -> unicode:characters_to_binary(io_lib:format(Format, Values)).
