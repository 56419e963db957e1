%% What Erlang/OTP's own supervisor does in each of the 51 cases of cases.ts, one JSON line a case:
%%
%%   {"case":"S01","result":...}
%%
%% The results are in a normal form that our supervisor can be held to as well: no pids, and no times
%% but classes of them. Exit reasons are written as our outcomes: normal is done, shutdown is stopped,
%% {shutdown,x} is stopped(x), killed is killed, anything else is failed.
%%
%%   erlc -o /tmp oracle.erl && erl -noshell -pa /tmp -s oracle main
%%
%% The cases run at the same time, each in a process of its own that traps exits and to which its
%% children report.
-module(oracle).
-behaviour(supervisor).
-export([main/0, init/1, start_probe/3, start_unlinked/0]).

-define(CASE_MS, 20_000).
%% Long enough for a supervisor to take notice of an exit, and to act upon it.
-define(SETTLE_MS, 60).

cases() ->
    [{'S01', fun s01/0}, {'S02', fun s02/0}, {'S03', fun s03/0}, {'S04', fun s04/0}, {'S05', fun s05/0},
     {'S06', fun s06/0}, {'S07', fun s07/0}, {'S08', fun s08/0}, {'S09', fun s09/0}, {'S10', fun s10/0},
     {'S11', fun s11/0}, {'S12', fun s12/0}, {'S13', fun s13/0}, {'S14', fun s14/0}, {'S15', fun s15/0},
     {'S16', fun s16/0}, {'S17', fun s17/0}, {'S18', fun s18/0}, {'S19', fun s19/0}, {'S20', fun s20/0},
     {'S21', fun s21/0}, {'S22', fun s22/0}, {'S23', fun s23/0}, {'S24', fun s24/0}, {'S25', fun s25/0},
     {'S26', fun s26/0}, {'S27', fun s27/0}, {'S28', fun s28/0}, {'S29', fun s29/0}, {'S30', fun s30/0},
     {'S31', fun s31/0}, {'S32', fun s32/0}, {'S33', fun s33/0}, {'S34', fun s34/0}, {'S35', fun s35/0},
     {'S36', fun s36/0}, {'S37', fun s37/0}, {'S38', fun s38/0}, {'S39', fun s39/0}, {'S40', fun s40/0},
     {'S41', fun s41/0}, {'S42', fun s42/0}, {'S43', fun s43/0}, {'S44', fun s44/0}, {'S45', fun s45/0},
     {'S46', fun s46/0}, {'S47', fun s47/0}, {'S48', fun s48/0}, {'S49', fun s49/0}, {'S50', fun s50/0},
     {'S51', fun s51/0}].

main() ->
    logger:set_primary_config(level, none),
    ets:new(plans, [set, named_table, public]),
    print(#{otp => list_to_integer(erlang:system_info(otp_release))}),
    Running = [{Name, run(Case)} || {Name, Case} <- cases()],
    [print((result(Run))#{'case' => Name}) || {Name, Run} <- Running],
    init:stop().

run(Case) ->
    spawn_monitor(fun() -> process_flag(trap_exit, true), exit({result, Case()}) end).

result({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {result, Result}} -> #{result => Result};
        {'DOWN', Monitor, process, Pid, Fault} -> #{fault => text(Fault)}
    after ?CASE_MS -> #{fault => <<"took too long">>}
    end.

%%% ---------------------------------------------------------------- starting and stopping

s01() ->
    {ok, Sup} = start([probe(Id, #{trap => true}) || Id <- [c7, c3, c10]]),
    Active = active(Sup),
    Outcome = stop(Sup),
    #{activeOnReturn => Active, order => order(), outcome => Outcome}.

s02() ->
    {error, Reason} = start([probe(a, #{trap => true}), probe(a2, #{trap => true}),
                             probe(b, #{mode => error}), probe(c, #{})]),
    {shutdown, {failed_to_start_child, Child, nope}} = Reason,
    #{start => failed_to_start_child, child => Child, order => order()}.

s03() ->
    Started = supervisor:start_link(?MODULE, ignore),
    receive {'EXIT', _Sup, Exit} -> #{start => reply(Started), outcome => outcome(Exit)} end.

s04() ->
    {ok, Sup} = start([probe(Id, #{mode => ignore}, #{restart => Restart})
                       || {Id, Restart} <- [{p, permanent}, {r, transient}, {t, temporary}]]),
    #{children => children(Sup), counts => maps:from_list(supervisor:count_children(Sup))}.

s05() ->
    maps:from_list([{Restart, begin
        {ok, Sup} = start_simple(#{}, #{restart => Restart}),
        Started = start_dynamic(Sup, t, #{mode => ignore}),
        #{start => reply(Started), children => children(Sup)}
    end} || Restart <- [permanent, transient, temporary]]).

s06() ->
    {ok, Sup} = start([]),
    {ok, _, Info} = supervisor:start_child(Sup, probe(a, #{mode => info})),
    #{info => Info}.

%%% ---------------------------------------------------------------- administration

s07() ->
    {ok, Sup} = start([probe(a, #{})]),
    Pid = pid(Sup, a),
    {error, {already_started, Other}} = Running = supervisor:start_child(Sup, probe(a, #{})),
    ok = supervisor:terminate_child(Sup, a),
    #{running => reply(Running), same => Other =:= Pid,
      stopped => reply(supervisor:start_child(Sup, probe(a, #{})))}.

s08() ->
    {ok, Sup} = start([]),
    Started = supervisor:start_child(Sup, probe(a, #{mode => error})),
    #{start => reply(Started), children => children(Sup)}.

s09() ->
    {ok, Sup} = start([probe(a, #{})]),
    in_turn([{terminateUnknown, fun() -> supervisor:terminate_child(Sup, zz) end},
             {restartUnknown, fun() -> supervisor:restart_child(Sup, zz) end},
             {deleteUnknown, fun() -> supervisor:delete_child(Sup, zz) end},
             {deleteRunning, fun() -> supervisor:delete_child(Sup, a) end},
             {restartRunning, fun() -> supervisor:restart_child(Sup, a) end},
             {terminate, fun() -> supervisor:terminate_child(Sup, a) end},
             {terminateAgain, fun() -> supervisor:terminate_child(Sup, a) end},
             {restart, fun() -> supervisor:restart_child(Sup, a) end},
             {terminateRestarted, fun() -> supervisor:terminate_child(Sup, a) end},
             {delete, fun() -> supervisor:delete_child(Sup, a) end},
             {restartDeleted, fun() -> supervisor:restart_child(Sup, a) end}]).

s10() ->
    {ok, Sup} = start([probe(a, #{}, #{restart => temporary})]),
    Terminated = supervisor:terminate_child(Sup, a),
    #{terminate => reply(Terminated), children => children(Sup),
      restart => reply(supervisor:restart_child(Sup, a))}.

%%% ---------------------------------------------------------------- who is restarted

s11() ->
    maps:from_list([{Restart, maps:from_list([{How, after_end(Restart, How)}
                                              || How <- [done, stopped, 'stopped(x)', failed]])}
                    || Restart <- [permanent, transient, temporary]]).

after_end(Restart, How) ->
    {ok, Sup} = start(#{intensity => 5}, [probe(a, #{}, #{restart => Restart})]),
    Pid = pid(Sup, a),
    die(Pid, How),
    Now = case pid(Sup, a) of
        none -> gone;
        undefined -> kept;
        Other when is_pid(Other), Other =/= Pid -> restarted
    end,
    stop(Sup),
    Now.

s12() ->
    {ok, Sup} = start([probe(a, #{}, #{restart => transient}), probe(b, #{}, #{restart => temporary})]),
    [die(pid(Sup, Id), done) || Id <- [a, b]],
    #{children => children(Sup)}.

s13() -> after_failure(one_for_one, [a, b, c], b).
s14() -> after_failure(one_for_all, [a, b, c], b).
s15() -> after_failure(rest_for_one, [a, b, c, d], b).

after_failure(Strategy, Ids, Failing) ->
    {ok, Sup} = start(#{strategy => Strategy, intensity => 3}, [probe(Id, #{trap => true}) || Id <- Ids]),
    Before = [{Id, pid(Sup, Id)} || Id <- Ids],
    order(),
    die(pid(Sup, Failing), failed),
    #{same => maps:from_list([{Id, pid(Sup, Id) =:= Pid} || {Id, Pid} <- Before]), order => order()}.

s16() ->
    {ok, Sup} = start(#{strategy => one_for_all, intensity => 3},
                      [probe(a, #{trap => true}), probe(t, #{trap => true}, #{restart => temporary}),
                       probe(c, #{trap => true})]),
    order(),
    die(pid(Sup, a), failed),
    #{children => children(Sup), order => order()}.

s17() ->
    {ok, Sup} = start(#{strategy => one_for_all, intensity => 3},
                      [probe(a, #{}), probe(t, #{}, #{restart => transient})]),
    Pid = pid(Sup, t),
    die(pid(Sup, a), failed),
    #{children => children(Sup), same => pid(Sup, t) =:= Pid}.

s18() ->
    {ok, Sup} = start(#{strategy => one_for_all, intensity => 3},
                      [probe(a, #{}), probe(t, #{}, #{restart => transient})]),
    die(pid(Sup, t), done),
    Before = children(Sup),
    die(pid(Sup, a), failed),
    #{before => Before, 'after' => children(Sup)}.

s19() ->
    {ok, Sup} = start(#{strategy => one_for_all, intensity => 3}, [probe(a, #{}), probe(b, #{})]),
    ok = supervisor:terminate_child(Sup, b),
    Before = children(Sup),
    die(pid(Sup, a), failed),
    #{before => Before, 'after' => children(Sup)}.

%%% ---------------------------------------------------------------- intensity and period

s20() ->
    {ok, Sup} = start(#{intensity => 2, period => 3600}, [probe(a, #{}), probe(b, #{})]),
    Bystander = pid(Sup, b),
    [die(pid(Sup, a), failed) || _ <- [1, 2]],
    Alive = alive(Sup),
    die(pid(Sup, a), failed),
    #{aliveAfterTwo => Alive, outcome => ended(Sup), bystanderAlive => alive(Bystander)}.

s21() ->
    {ok, Sup} = start(#{intensity => 0, period => 5}, [probe(a, #{})]),
    die(pid(Sup, a), failed),
    #{outcome => ended(Sup)}.

%% Seconds are compared whole (see S51): 4 s lie surely within the period of 5 s, and 7 s surely not.
s22() ->
    {ok, Within} = start([probe(a, #{})]),
    {ok, Beyond} = start([probe(a, #{})]),
    [die(pid(Sup, a), failed) || Sup <- [Within, Beyond]],
    AliveAfterOne = alive(Within),
    timer:sleep(4_000),
    die(pid(Within, a), failed),
    Outcome = ended(Within),
    timer:sleep(3_000),
    die(pid(Beyond, a), failed),
    #{aliveAfterOne => AliveAfterOne, within => Outcome, beyond => state(Beyond)}.

s23() ->
    {ok, Sup} = start(#{strategy => one_for_all, intensity => 1, period => 3600},
                      [probe(Id, #{}) || Id <- [a, b, c]]),
    order(),
    die(pid(Sup, a), failed),
    #{state => state(Sup), order => order()}.

s24() ->
    {ok, Sup} = start(#{intensity => 1, period => 3600}, [probe(a, #{})]),
    die(pid(Sup, a), done),
    Alive = alive(Sup),
    die(pid(Sup, a), done),
    #{aliveAfterOne => Alive, outcome => ended(Sup)}.

s25() ->
    {ok, Sup} = start(#{intensity => 0}, [probe(Id, #{}, #{restart => temporary}) || Id <- [a, b]]),
    [die(pid(Sup, Id), failed) || Id <- [a, b]],
    #{state => state(Sup), children => children(Sup)}.

s26() ->
    {ok, Sup} = start(#{intensity => 0}, [probe(a, #{})]),
    [begin
        ok = supervisor:terminate_child(Sup, a),
        {ok, _} = supervisor:restart_child(Sup, a)
    end || _ <- [1, 2, 3]],
    #{state => state(Sup), children => children(Sup)}.

s27() ->
    {ok, Sup} = start(#{intensity => 1, period => 1}, [probe(a, #{})]),
    [begin die(pid(Sup, a), failed), timer:sleep(2_100) end || _ <- [1, 2, 3]],
    #{state => state(Sup)}.

%%% ---------------------------------------------------------------- a restart that fails

s28() ->
    {ok, Sup} = start(#{intensity => 4, period => 3600}, [probe(q, #{}), probe(b, #{})]),
    order(),
    always(q, error),
    die(pid(Sup, q), failed),
    Outcome = ended(Sup),
    #{outcome => Outcome, tries => length([q || <<"starting q">> <- order()])}.

s29() ->
    {ok, Sup} = start(#{intensity => 50, period => 3600}, [probe(q, #{})]),
    always(q, {slow, 300}),
    die(pid(Sup, q), failed),
    timer:sleep(300),
    Replies = in_turn([{children, fun() -> {list, children(Sup)} end},
                       {start, fun() -> supervisor:start_child(Sup, probe(q, #{})) end},
                       {restart, fun() -> supervisor:restart_child(Sup, q) end},
                       {delete, fun() -> supervisor:delete_child(Sup, q) end},
                       {terminate, fun() -> supervisor:terminate_child(Sup, q) end},
                       {childrenAfter, fun() -> {list, children(Sup)} end}]),
    always(q, ok),
    Replies#{restartAfter => reply(supervisor:restart_child(Sup, q))}.

s30() ->
    {ok, Sup} = start(#{intensity => 50, period => 3600}, [probe(q, #{})]),
    always(q, {slow, 200}),
    die(pid(Sup, q), failed),
    timer:sleep(200),
    {Ms, Outcome} = timed(fun() -> stop(Sup) end),
    #{outcome => Outcome, prompt => Ms < 2_000}.

s31() -> after_failed_restart(rest_for_one, r1).
s32() -> after_failed_restart(one_for_all, r3).

after_failed_restart(Strategy, Failing) ->
    {ok, Sup} = start(#{strategy => Strategy, intensity => 5, period => 3600},
                      [probe(Id, #{}) || Id <- [r1, r2, r3]]),
    order(),
    next(r2, [error, {slow, 200}]),
    die(pid(Sup, Failing), failed),
    %% Answered when the second try has failed.
    Meanwhile = children(Sup),
    timer:sleep(4 * ?SETTLE_MS),
    #{meanwhile => Meanwhile, order => order(), children => children(Sup)}.

s33() ->
    {ok, Sup} = start(#{intensity => 5}, [probe(q, #{})]),
    always(q, ignore),
    die(pid(Sup, q), failed),
    #{children => children(Sup), state => state(Sup)}.

s34() ->
    {ok, Sup} = start_simple(#{intensity => 5}, #{}),
    {ok, Pid} = start_dynamic(Sup, q, #{}),
    always(q, ignore),
    die(Pid, failed),
    #{children => children(Sup), state => state(Sup)}.

%%% ---------------------------------------------------------------- orderly stop

s35() ->
    {ok, Sup} = start([probe(a, #{trap => true}, #{shutdown => brutal_kill}),
                       probe(b, #{trap => true, clean_up_ms => 5_000}, #{shutdown => 200}),
                       probe(c, #{trap => true, clean_up_ms => 50}, #{shutdown => 1_000})]),
    Monitors = [{Id, monitor(process, pid(Sup, Id))} || Id <- [a, b, c]],
    order(),
    {Ms, Outcome} = timed(fun() -> stop(Sup) end),
    #{order => order(), outcome => Outcome,
      outcomes => maps:from_list([{Id, down(Monitor)} || {Id, Monitor} <- Monitors]),
      took => if Ms < 250 -> 'less than the limit'; Ms < 2_000 -> 'the limit'; true -> 'the clean-up' end}.

s36() ->
    {ok, Sup} = start([probe(Id, #{trap => true, clean_up_ms => 150}) || Id <- [a, b, c]]),
    {Ms, Outcome} = timed(fun() -> stop(Sup) end),
    #{outcome => Outcome, took => if Ms >= 450 -> sequential; true -> parallel end}.

s37() ->
    {ok, Sup} = start_simple(#{}, #{shutdown => 800}),
    Pids = [{Id, element(2, start_dynamic(Sup, Id, #{trap => true, clean_up_ms => Ms}))}
            || {Id, Ms} <- [{a, 400}, {b, 400}, {c, 5_000}]],
    Monitors = [{Id, monitor(process, Pid)} || {Id, Pid} <- Pids],
    {Ms, Outcome} = timed(fun() -> stop(Sup) end),
    #{outcome => Outcome,
      outcomes => maps:from_list([{Id, down(Monitor)} || {Id, Monitor} <- Monitors]),
      took => if Ms < 800 -> 'less than the limit'; Ms < 1_500 -> 'one limit'; true -> 'more than one limit' end}.

%%% ---------------------------------------------------------------- dynamic children

s38() ->
    {ok, Sup} = start_simple(#{}, #{}),
    {ok, Pid} = start_dynamic(Sup, a, #{}),
    Stranger = spawn_link(fun() -> receive after infinity -> ok end end),
    Two = [probe(Id, #{}) || Id <- [a, b]],
    in_turn([{terminateById, fun() -> supervisor:terminate_child(Sup, probe) end},
             {restartById, fun() -> supervisor:restart_child(Sup, probe) end},
             {deleteById, fun() -> supervisor:delete_child(Sup, probe) end},
             {terminateStranger, fun() -> supervisor:terminate_child(Sup, Stranger) end},
             {terminate, fun() -> supervisor:terminate_child(Sup, Pid) end},
             {terminateDead, fun() -> supervisor:terminate_child(Sup, Pid) end},
             {noSpec, fun() -> start(#{strategy => simple_one_for_one}, []) end},
             {twoSpecs, fun() -> start(#{strategy => simple_one_for_one}, Two) end}]).

s39() ->
    {ok, Sup} = start_simple(#{intensity => 3}, #{}),
    {ok, Pid} = start_dynamic(Sup, zed, #{}),
    order(),
    die(Pid, failed),
    #{order => order()}.

%%% ---------------------------------------------------------------- trees

s40() ->
    {ok, Top} = start(#{intensity => 3}, [inner(permanent)]),
    Inner = pid(Top, inner),
    {ok, _} = supervisor:start_child(Inner, probe(dynamic, #{})),
    die(pid(Inner, w), failed),
    #{same => pid(Top, inner) =:= Inner, children => children(pid(Top, inner))}.

s41() ->
    {ok, Top} = start(#{intensity => 3}, [inner(transient)]),
    die(pid(pid(Top, inner), w), failed),
    #{children => children(Top), state => state(Top)}.

%% A supervisor that gives up at the first failure of its only child, w.
inner(Restart) ->
    Init = {#{intensity => 0}, [probe(w, #{})]},
    #{id => inner, start => {supervisor, start_link, [?MODULE, Init]}, type => supervisor, restart => Restart}.

%%% ---------------------------------------------------------------- significant children

s42() ->
    Any = start_significant(any_significant, [{a, transient, true}, {b, transient, true}]),
    die(pid(Any, a), done),
    All = start_significant(all_significant, [{a, transient, true}, {b, transient, true}]),
    die(pid(All, a), done),
    AllAfterFirst = state(All),
    die(pid(All, b), done),
    Crash = start_significant(any_significant, [{a, transient, true}]),
    die(pid(Crash, a), failed),
    Temporary = start_significant(any_significant, [{a, temporary, true}, {b, permanent, false}]),
    die(pid(Temporary, a), failed),
    Insignificant = start_significant(any_significant, [{a, transient, true}, {b, transient, false}]),
    die(pid(Insignificant, b), done),
    Operator = start_significant(any_significant, [{a, transient, true}, {b, permanent, false}]),
    ok = supervisor:terminate_child(Operator, a),
    timer:sleep(?SETTLE_MS),
    #{insignificantDone => state(Insignificant), anyDone => ended(Any), allFirstDone => AllAfterFirst, allLastDone => ended(All),
      transientFailed => #{state => state(Crash), children => children(Crash)},
      temporaryFailed => ended(Temporary), operatorStopped => state(Operator)}.

start_significant(AutoShutdown, Children) ->
    {ok, Sup} = start(#{auto_shutdown => AutoShutdown, intensity => 5},
                      [probe(Id, #{}, #{restart => Restart, significant => Significant})
                       || {Id, Restart, Significant} <- Children]),
    Sup.

s43() ->
    Significant = fun(Restart) -> [probe(a, #{}, #{restart => Restart, significant => true})] end,
    #{significantNever => fault(start(#{auto_shutdown => never}, Significant(transient))),
      significantPermanent => fault(start(#{auto_shutdown => any_significant}, Significant(permanent))),
      simpleAutoShutdown => fault(start_simple(#{auto_shutdown => any_significant}, #{restart => temporary}))}.

s44() ->
    {ok, Sup} = start(#{strategy => one_for_all, auto_shutdown => any_significant, intensity => 5},
                      [probe(a, #{}, #{restart => transient, significant => true}),
                       probe(b, #{}, #{restart => transient})]),
    die(pid(Sup, b), failed),
    #{state => state(Sup), children => children(Sup)}.

%%% ---------------------------------------------------------------- checks of what is given

s45() ->
    maps:from_list([{Name, fault(start(Flags, []))} || {Name, Flags} <- [
        {strategyUnknown, #{strategy => nope}},
        {intensityInfinity, #{intensity => infinity}},
        {intensityNegative, #{intensity => -1}},
        {intensityFraction, #{intensity => 1.5}},
        {periodZero, #{period => 0}},
        {periodFraction, #{period => 1.5}},
        {autoShutdownUnknown, #{auto_shutdown => sometimes}}]]).

s46() ->
    Good = probe(a, #{}),
    maps:from_list([{Name, fault(supervisor:check_childspecs(Specs))} || {Name, Specs} <- [
        {idMissing, [maps:remove(id, Good)]},
        {startMissing, [maps:remove(start, Good)]},
        {restartUnknown, [Good#{restart => prmanent}]},
        {shutdownNegative, [Good#{shutdown => -1}]},
        {typeUnknown, [Good#{type => x}]},
        {idTwice, [Good, Good]},
        {keyUnknown, [Good#{silly => 1}]}]]).

%%% ---------------------------------------------------------------- what else may come

s47() ->
    {ok, Sup} = start([probe(a, #{})]),
    Pid = pid(Sup, a),
    Sup ! hello,
    timer:sleep(?SETTLE_MS),
    #{state => state(Sup), same => pid(Sup, a) =:= Pid}.

s48() ->
    {ok, Sup} = start([]),
    {ok, Pid} = supervisor:start_child(Sup, #{id => n, start => {?MODULE, start_unlinked, []}, shutdown => 300}),
    Monitor = monitor(process, Pid),
    receive {unlinked, Pid} -> ok after 1_000 -> exit(still_linked) end,
    {Ms, Outcome} = timed(fun() -> stop(Sup) end),
    #{outcome => Outcome, child => down(Monitor),
      took => if Ms < 300 -> 'less than the limit'; Ms < 3_000 -> 'the limit'; true -> 'too long' end}.

s49() ->
    {ok, Sup} = start([probe(a, #{}), probe(b, #{})]),
    {PidA, PidB} = {pid(Sup, a), pid(Sup, b)},
    New = {#{intensity => 7}, [probe(a, #{}, #{shutdown => 77}), probe(c, #{})]},
    ok = sys:suspend(Sup),
    %% The last field of the supervisor's state is what its init/1 is given.
    sys:replace_state(Sup, fun(State) -> setelement(tuple_size(State), State, New) end),
    Changed = sys:change_code(Sup, supervisor, version, []),
    ok = sys:resume(Sup),
    {ok, #{shutdown := Shutdown}} = supervisor:get_childspec(Sup, a),
    #{reply => Changed, children => children(Sup), shutdownOfA => Shutdown,
      same => #{a => pid(Sup, a) =:= PidA, b => pid(Sup, b) =:= PidB}}.

s50() ->
    {ok, Sup} = start([probe(plain, #{}), probe(trapping, #{trap => true})]),
    Pids = [{Id, pid(Sup, Id)} || Id <- [plain, trapping]],
    exit(Sup, kill),
    timer:sleep(2 * ?SETTLE_MS),
    maps:from_list([{Id, state(Pid)} || {Id, Pid} <- Pids]).

s51() ->
    Me = self(),
    Gaps = [200, 900, 1_100, 1_900, 2_100],
    Each = [spawn_link(fun() -> process_flag(trap_exit, true), Me ! {self(), two_failures(Gap)} end) || Gap <- Gaps],
    maps:from_list([{integer_to_binary(Gap), receive {Pid, State} -> State end}
                    || {Gap, Pid} <- lists:zip(Gaps, Each)]).

%% The supervisor compares whole seconds, so where in a second the first failure falls must not be left to
%% chance: at 0.4 s, another 1.1 s later falls into the next one, and another 1.9 s later into the one after.
two_failures(GapMs) ->
    {ok, Sup} = start(#{intensity => 1, period => 1}, [probe(a, #{})]),
    Now = erlang:monotonic_time(millisecond),
    timer:sleep((1_400 - (Now - 1_000 * erlang:monotonic_time(second))) rem 1_000),
    First = erlang:monotonic_time(millisecond),
    die(pid(Sup, a), failed),
    timer:sleep(GapMs - (erlang:monotonic_time(millisecond) - First)),
    die(pid(Sup, a), failed),
    state(Sup).

%%% ---------------------------------------------------------------- supervisors

init(ignore) -> ignore;
init({Flags, Specs}) -> {ok, {Flags, Specs}}.

start(Specs) -> start(#{}, Specs).
start(Flags, Specs) -> supervisor:start_link(?MODULE, {Flags, Specs}).

%% A supervisor of dynamic probes: tag and behaviour are given with each.
start_simple(Flags, Template) ->
    Spec = #{id => probe, start => {?MODULE, start_probe, [self()]}, shutdown => 1_000},
    start(Flags#{strategy => simple_one_for_one}, [maps:merge(Spec, Template)]).

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
    timer:sleep(?SETTLE_MS).

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
