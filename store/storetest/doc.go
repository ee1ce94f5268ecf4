// Package storetest holds the tests that every driver.Store must pass, this project's own
// back ends and any other. It imports only the standard library and this module, so a back
// end in another repository can use it in its tests:
//
//	func open(tb testing.TB) store.Store {
//		st, err := mystore.Open(tb.TempDir())
//		if err != nil {
//			tb.Fatal(err)
//		}
//		return st
//	}
//
//	func TestStore(t *testing.T)      { storetest.Run(t, open) }
//	func TestCompare(t *testing.T)    { storetest.Compare(t, open, 10_000) }
//	func FuzzStore(f *testing.F)      { storetest.Fuzz(f, open) }
//	func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
//
// A back end with suppression keys as an option also calls Keys, and one whose databases can be open
// in several processes calls Share.
//
// Run opens one store and checks every promise of packages store and driver on it. A promise
// is a subtest whose name is a sentence; if it fails, the reason why the promise matters is
// printed. Run one area or one promise with -run:
//
//	go test -run 'TestStore/Page'
//
// Each promise is checked in a workspace of its own with a random name, so the store need not
// be empty and may be shared. Beside it is a neighbour: a workspace whose name differs only
// by case, which has the same ids, names, tags, groups and identities and more, and must be
// unchanged afterwards. The last promises close the store.
//
// Some tests are random: random filters, compared with filter.Match, and random changes,
// compared with package reference. They print their seed when they fail, and a flag repeats
// the case that failed; Compare checks any number of random filters:
//
//	go test -run TestStore -storetest.seed=1234
//	go test -run TestCompare -storetest.cases=10000000 -timeout 24h
//
// A back end that can be opened in several ways checks one with Run and the others with
// RunAgain, which is quicker.
//
// With -storetest.full, random and large tests do more. How many cases a random test checks
// then depends on how fast the store is.
//
// The comments of driver.Store, of the changes and of driver.Apply are tested here. Where they
// leave something open, this package decides:
//
//   - Empty lists are nil, in results and within them.
//   - Times are in UTC (their Location is time.UTC) without a monotonic clock reading.
//   - An error says what it is about by id, never by a name: its Key is the id of the visitor,
//     tag or group that is missing or is in the way, "" for a tag that was given by its key.
//   - The effect of a change to tags or members is Updated, or Unchanged.
package storetest
