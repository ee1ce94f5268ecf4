// Package faulttest has the fault tests of SQL engines: driver calls that fail, processes that
// are killed, servers that stop, and many concurrent callers. Each test is a function with an
// Engine, so that every engine runs the same tests:
//
//	func TestCalls(t *testing.T) { faulttest.Calls(t, engine) }
//
// Calls fails the n-th driver call, for many n, in every method of a Workspace; Opening does so
// while a store opens, Inside in a transaction of the host, Together in a transaction shared by
// several callers. Slow delays a call instead. Kill repeatedly kills a process that writes,
// Crash repeatedly stops a server. Inbound and KillInbound receive messages that the host keeps in
// the transaction of the capture. Crowd and Linear write from many goroutines, Storm while calls
// fail at random. Migrations and Upgrade migrate older databases.
//
// After each fault: acknowledged changes exist, no change exists in part (Consistent checks the
// tables), nothing is left open, and the same call succeeds when it is repeated.
//
// Random tests print their seed and accept it as -fault.seed=1234. By default a few calls of each
// method fail in each way and a few processes are killed. -fault.every=1 makes every call fail;
// -fault.kills and -fault.crashes set the number of kills and crashes.
package faulttest
