%% What Erlang/OTP's own supervisor does in each of the 51 cases of cases.ts, one JSON line a case:
%%
%%   {"case":"S01","result":...}
%%
%% The results are in a normal form that our supervisor can be held to as well: no pids, and no times
%% but classes of them. Exit reasons are written as our outcomes: normal is done, shutdown is stopped,
%% {shutdown,x} is stopped(x), killed is killed, anything else is failed.
%%
%%   erlc -o /tmp oracle.erl oracle_rig.erl && erl -noshell -pa /tmp -s oracle main
%%
%% The cases run at the same time, each in a process of its own that traps exits and to which its
%% children report.
-module(oracle).
-export([main/0]).
-import(oracle_rig, [start/1, start/2, start_simple/2, start_dynamic/3, start_ignored/0, start_tree/2, stop/1, ended/1]).
-import(oracle_rig, [probe/2, probe/3, next/2, always/2, die/2, down/1, settle/0, order/0, timed/1]).
-import(oracle_rig, [children/1, pid/2, active/1, alive/1, state/1]).
-import(oracle_rig, [in_turn/1, reply/1, fault/1, outcome/1, text/1, print/1]).

-define(CASE_MS, 30_000).

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
    oracle_rig:create(),
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
    Started = start_ignored(),
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
    timer:sleep(300),
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
    {Top, Inner} = start_tree(permanent, {#{intensity => 0}, [probe(w, #{})]}),
    {ok, _} = supervisor:start_child(Inner, probe(dynamic, #{})),
    die(pid(Inner, w), failed),
    #{same => pid(Top, inner) =:= Inner, children => children(pid(Top, inner))}.

s41() ->
    {Top, Inner} = start_tree(transient, {#{intensity => 0}, [probe(w, #{})]}),
    die(pid(Inner, w), failed),
    #{children => children(Top), state => state(Top)}.

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
    settle(),
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
    settle(),
    #{state => state(Sup), same => pid(Sup, a) =:= Pid}.

s48() ->
    {ok, Sup} = start([]),
    {ok, Pid} = supervisor:start_child(Sup, #{id => n, start => {oracle_rig, start_unlinked, []}, shutdown => 300}),
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
    settle(),
    settle(),
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
    timer:sleep(max(0, GapMs - (erlang:monotonic_time(millisecond) - First))),
    die(pid(Sup, a), failed),
    state(Sup).
