%% What bench/sides/supervision-coxswain.ts measures, on Erlang/OTP's own supervisor with gen_server children:
%% a term a line is read, and answered by a line of numbers (milliseconds, bytes).
-module(supervision).
-behaviour(gen_server).
-export([start/0, start_child/2, init/1, handle_call/3, handle_cast/2]).

start() ->
  % Crash reports would be printed; ours are dropped too.
  logger:set_primary_config(level, none),
  process_flag(trap_exit, true),
  serve(),
  halt().

serve() ->
  case io:read('') of
    {ok, {static, N}} -> answer(static(N)), serve();
    {ok, {dynamic, N}} -> answer(dynamic(N)), serve();
    {ok, {restart, N, Samples}} -> answer(restarts(N, Samples)), serve();
    _ -> ok
  end.

answer(Numbers) -> io:put_chars([lists:join(" ", [text(N) || N <- Numbers]), "\n"]).

text(N) when is_integer(N) -> integer_to_list(N);
text(N) -> float_to_list(N, [{decimals, 4}]).

%% ---- a child: tells that it lives; fails when told to, and when it did

start_child(Id, Reporter) -> gen_server:start_link(?MODULE, {child, Id, Reporter}, []).

init({tree, Tree}) -> {ok, Tree};
init({child, Id, Reporter}) -> Reporter ! {up, Id, self(), now_ns()}, {ok, Reporter}.

handle_call(say, _From, Reporter) -> {reply, ok, Reporter}.

handle_cast(fail, Reporter) -> Reporter ! {ending, now_ns()}, error(told_to).

spec(Id) ->
  #{id => Id, start => {?MODULE, start_child, [Id, self()]}, restart => permanent, shutdown => 5000}.

tree(Strategy, Specs) ->
  {ok, S} = supervisor:start_link(?MODULE, {tree, {#{strategy => Strategy, intensity => 100000, period => 1}, Specs}}),
  S.

%% ---- what is measured

static(N) ->
  Specs = [spec(Id) || Id <- lists:seq(1, N)],
  Before = held(),
  T0 = now_ns(),
  S = tree(one_for_all, Specs),
  T1 = now_ns(),
  Ups = ups(N, #{}),
  Held = held() - Before,
  T2 = now_ns(),
  gen_server:cast(maps:get(N div 2, Ups), fail),
  ups(N, #{}),
  % Asked when the last is up, answered when the supervisor has noted it.
  _ = supervisor:count_children(S),
  T3 = now_ns(),
  Stopped = stop(S),
  [ms(T1 - T0), ms(T3 - T2), Stopped, Held, held() - Before].

dynamic(N) ->
  Template = (spec(kid))#{start => {?MODULE, start_child, []}, restart => transient},
  S = tree(simple_one_for_one, [Template]),
  Before = held(),
  T0 = now_ns(),
  start_each(S, N),
  T1 = now_ns(),
  ups(N, #{}),
  Held = held() - Before,
  Stopped = stop(S),
  [ms(T1 - T0), 0, Stopped, Held, held() - Before].

start_each(_, 0) -> ok;
start_each(S, N) -> {ok, _} = supervisor:start_child(S, [N, self()]), start_each(S, N - 1).

restarts(N, Samples) ->
  S = tree(one_for_one, [spec(Id) || Id <- lists:seq(1, N)]),
  Measured = restarts(Samples, ups(N, #{}), []),
  stop(S),
  Measured.

restarts(0, _, Measured) -> lists:append(lists:reverse(Measured));
restarts(Left, Ups, Measured) ->
  Id = 1 + Left rem 100,
  Told = now_ns(),
  gen_server:cast(maps:get(Id, Ups), fail),
  {New, Up} = receive {up, Id, P, At} -> {P, At} end,
  gen_server:call(New, say),
  Answered = now_ns(),
  Ended = receive {ending, E} -> E end,
  restarts(Left - 1, Ups#{Id => New}, [[ms(Answered - Told), ms(Up - Ended)] | Measured]).

%% ---- means

ups(0, Ups) -> Ups;
ups(N, Ups) -> receive {up, Id, P, _} -> ups(N - 1, Ups#{Id => P}) end.

stop(S) ->
  T = now_ns(),
  exit(S, shutdown),
  receive {'EXIT', S, shutdown} -> ok end,
  Took = ms(now_ns() - T),
  drain(),
  Took.

drain() -> receive _ -> drain() after 0 -> ok end.

held() ->
  [garbage_collect(P) || P <- processes()],
  erlang:memory(total).

now_ns() -> erlang:monotonic_time(nanosecond).

ms(Ns) -> Ns / 1.0e6.
