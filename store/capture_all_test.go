package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// stopping is a store that fails when that person is captured, and counts transactions.
type stopping struct {
	store.Store
	at      string
	applies *int
}

func (s stopping) Apply(ctx context.Context, ws store.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	*s.applies++
	for _, c := range changes {
		if c, ok := c.(driver.CaptureContact); ok && c.Contact.ExternalID == s.at {
			return nil, errors.New("disk full")
		}
	}
	return s.Store.Apply(ctx, ws, changes)
}

func TestCaptureAllLeavesOutWhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		poison  []int // indexes of contacts that exceed a limit
		invalid []int // indexes of contacts without an id
		n       int
		applies int
	}{
		{"none", nil, nil, 0, 0},
		{"all good", nil, nil, 10, 1},
		{"more than a transaction holds", nil, nil, 2_500, 3},
		{"first", []int{0}, nil, 3, 2},
		{"last", []int{2}, nil, 3, 2},
		{"alone", []int{0}, []int{1}, 2, 1},
		{"side by side", []int{3, 4}, []int{5}, 9, 4},
		{"in two transactions", []int{10, 1_010}, []int{0, 1_999}, 2_000, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			applies := 0
			ws, err := store.Open(stopping{memory.New(), "", &applies}, "acme", nil)
			require.NoError(t, err)
			full := visitor.Draft{Name: "Full", Source: visitor.Chat, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "full"}}}
			for i := range visitor.MaxTags {
				full.Tags = append(full.Tags, fmt.Sprint("tag ", i))
			}
			_, err = ws.Create(t.Context(), full)
			require.NoError(t, err)
			applies = 0
			contacts := make([]visitor.Contact, c.n)
			for i := range contacts {
				contacts[i] = visitor.Contact{Source: visitor.Chat, ExternalID: fmt.Sprint(i), Name: fmt.Sprint("Person ", i)}
			}
			for _, i := range c.poison {
				contacts[i] = visitor.Contact{Source: visitor.Chat, ExternalID: "full", Tags: []string{"one more"}}
			}
			for _, i := range c.invalid {
				contacts[i].ExternalID = ""
			}
			results, err := ws.CaptureAll(t.Context(), contacts)
			require.NoError(t, err)
			require.Len(t, results, c.n)
			require.Equal(t, c.applies, applies)
			for i, r := range results {
				if slices.Contains(c.poison, i) || slices.Contains(c.invalid, i) {
					require.ErrorIs(t, r.Err, store.ErrInvalid)
					require.Empty(t, r.Outcome)
					continue
				}
				require.NoError(t, r.Err)
				require.Equal(t, store.CaptureCreated, r.Outcome)
				require.Equal(t, fmt.Sprint("Person ", i), r.Visitor.Name)
			}
			n, err := ws.Count(t.Context(), filter.All())
			require.NoError(t, err)
			require.EqualValues(t, 1+c.n-len(c.poison)-len(c.invalid), n)
		})
	}
}

func TestCaptureAllReturnsTheResultsBeforeAFailure(t *testing.T) {
	t.Parallel()
	applies := 0
	ws, err := store.Open(stopping{memory.New(), "1500", &applies}, "acme", nil)
	require.NoError(t, err)
	contacts := make([]visitor.Contact, 2_500)
	for i := range contacts {
		contacts[i] = visitor.Contact{Source: visitor.Chat, ExternalID: fmt.Sprint(i)}
	}
	results, err := ws.CaptureAll(t.Context(), contacts)
	require.EqualError(t, err, "capture contacts: disk full")
	require.Len(t, results, 1_000)
	n, err := ws.Count(t.Context(), filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 1_000, n)
}
