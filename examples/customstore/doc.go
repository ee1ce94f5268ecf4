// Command customstore uses a back end that is not one of the library's engines. A back end
// implements driver.Store, and driver.Tx for driver.Apply, which knows what each change means:
// the back end only stores and finds rows. Applications use it through a store.Workspace, like
// every other store.
//
// The back end here is package reference, which keeps everything in maps: copy its files to
// write your own. store_test.go has all the tests that a back end needs.
package main
