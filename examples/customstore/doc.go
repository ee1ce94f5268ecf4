// Command customstore shows a back end of one's own: a store.Store made of maps, in some
// 600 lines. It finds visitors by asking filter.Match of each, and makes changes on a copy
// that replaces the old one when all of them went well. It is no faster than that, and
// complete: it passes storetest.Run (see store_test.go), as every back end has to.
//
// To write another one, start from these files:
//
//	store.go    reading: get, find, count, list, events
//	apply.go    changes to visitors
//	catalog.go  changes to tags and groups
package main
