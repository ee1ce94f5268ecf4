// Command customstore uses a back end that is not one of the library's own engines. Such a
// back end implements driver.Store, and driver.Tx so that driver.Apply can make changes: it
// stores rows and finds them again, and what a change means it need not know. It is used like
// every other store, through a store.Workspace.
//
// The back end here is package reference, which keeps everything in maps: copy its files to
// write another. store_test.go is all that a back end needs for tests.
package main
