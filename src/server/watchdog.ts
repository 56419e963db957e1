/** The watchdog's exit code where another one holds the store's lock. */
export const lockedExitCode = 75;

/**
 * The shell script between us and the server: it starts the server, passes on the signals we write
 * to its standard input, one name a line, and ends the server when that pipe closes, as it does however
 * this process dies, kill -9 included. Afterwards it removes the run folder and ends as the server did.
 *
 * Arguments: the run folder, the lock file of the store (or ""), then the server's command line.
 * Its standard error is the server's log, but for one line with the server's process id.
 */
export const watchdogScript = `
trap '' HUP INT TERM PIPE
folder=$1
lock=$2
shift 2
exec 3<&0 </dev/null
if [ -n "$lock" ] && ! (set -C; echo $$ >"$lock") 2>/dev/null; then exit ${lockedExitCode}; fi
"$@" 3<&- &
server=$!
echo "watchdog: server $server" >&2
(
  while read -r signal <&3; do kill -s "$signal" $server; done
  kill -s KILL $server
) 2>/dev/null &
reader=$!
wait $server
code=$?
kill -s KILL $reader 2>/dev/null
wait $reader 2>/dev/null
rm -rf "$folder"
[ -z "$lock" ] || rm -f "$lock"
exit $code
`;
