package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// TestValuesOfMergedTags filters by one of 16 tags, whose rows are merged, and one of 4,000
// numbers: bound once for each tag, these would be more values than SQLite allows.
func TestValuesOfMergedTags(t *testing.T) {
	t.Parallel()
	c := cityOf(t, 10_000)
	var names []string
	for i := range 16 {
		names = append(names, fmt.Sprintf("tag %03d", 5+i))
	}
	numbers := make([]filter.Expr, 4)
	for k := range numbers {
		in := filter.Condition{Field: "attr", Attr: "score", Op: filter.OpIn}
		for i := range filter.MaxList {
			in.Values = append(in.Values, filter.Value{Kind: filter.NumberValue, Number: 7 + float64(1_000*k+i)/8})
		}
		numbers[k] = in
	}
	where := c.bind(t, filter.And(filter.Tag.HasAny(names...), filter.Or(numbers...)))
	for _, order := range []driver.Order{driver.NewestFirst, driver.OldestFirst, driver.NameAZ} {
		page, err := c.off.FindVisitors(t.Context(), "acme", driver.Select{Where: where, Order: order, Limit: 50})
		require.NoError(t, err)
		require.Len(t, page, 50)
		for _, v := range page {
			require.True(t, filter.Match(where, v))
		}
	}
}
