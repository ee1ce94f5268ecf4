package store

import "github.com/contactpipeline/visitors/store/driver"

// Order is the order of visitors in a result. Ties are broken by id in the same
// direction, so every order is total. In ascending order, a visitor that was never seen comes
// first.
type Order = driver.Order

// The orders.
const (
	NewestFirst       Order = driver.NewestFirst // the default
	OldestFirst       Order = driver.OldestFirst
	RecentlySeen      Order = driver.RecentlySeen
	LeastRecentlySeen Order = driver.LeastRecentlySeen
	RecentlyUpdated   Order = driver.RecentlyUpdated
	NameAZ            Order = driver.NameAZ // by folded name, byte by byte
	NameZA            Order = driver.NameZA
)

// Orders returns every order.
func Orders() []Order { return driver.Orders() }
