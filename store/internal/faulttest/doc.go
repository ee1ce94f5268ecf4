// Package faulttest holds the tests of what goes wrong: calls to the driver that fail,
// processes that are killed, servers that stop, and many callers at once. Each test is a
// function that takes an Engine, so that every SQL store runs the same ones:
//
//	func TestCalls(t *testing.T) { faulttest.Calls(t, engine) }
//
// Calls fails the n-th call to the driver, for many n, in every method of a Workspace;
// Opening does so while a store opens, Inside in a host's transaction, Together where several
// callers share a transaction. Slow holds a call up instead. Kill kills a process that
// writes, Crash stops a server, both again and again. Crowd and Linear have many goroutines
// write at once, Storm while calls fail at random. Migrations and Upgrade bring older tables
// up to date.
//
// What must hold after any of it: what was acknowledged is there, nothing is there by
// halves (Sound looks at the tables themselves), nothing is left open, and the same call
// succeeds when it is made again.
//
// Random tests print their seed and take it back: -fault.seed=1234. By default a few calls of
// each method fail in each way and a few processes are killed; -fault.every=1 makes every call
// fail, and -fault.kills and -fault.crashes say how often to kill and to stop.
package faulttest
