package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func TestErrorsOfStoresKeepTheirCause(t *testing.T) {
	t.Parallel()
	unknown := errors.New("disk full")
	for _, c := range []struct {
		err       error
		matches   error
		kind, key string
		text      string
	}{
		{driver.NotFound("visitor", "42"), ErrNotFound, "visitor", "42", "test: visitor 42: not found"},
		{driver.NotFound("tag", ""), ErrNotFound, "tag", "", "test: tag: not found"},
		{driver.AlreadyExists("identity", "42"), ErrExists, "identity", "42", "test: identity 42: already exists"},
		{&driver.Error{Kind: "visitor", Key: "42", Err: ErrConflict}, ErrConflict, "visitor", "42", "test: visitor 42: changed by someone else"},
		{&driver.InUseError{Kind: "tag", Groups: []group.ID{"7"}}, ErrInUse, "", "", "test: tag is in use: groups with a rule that mentions it: 1"},
		{text.Refuse("name", "missing"), ErrInvalid, "", "", "test: name: missing"},
		{&filter.Error{Path: "rule", Reason: "empty"}, ErrInvalid, "", "", "test: filter: rule: empty"},
		{ErrClosed, ErrClosed, "", "", "test: store is closed"},
		{fmt.Errorf("write: %w", unknown), unknown, "", "", "test: write: disk full"},
		{&Error{Op: "find", Kind: "group", Key: "7", Err: ErrNotFound}, ErrNotFound, "group", "7", "test: find: group 7: not found"},
	} {
		before := c.err.Error()
		err := fail("test", c.err)
		require.EqualError(t, err, c.text)
		require.ErrorIs(t, err, c.matches)
		for _, other := range []error{ErrNotFound, ErrExists, ErrConflict, ErrInUse, ErrInvalid, ErrClosed} {
			require.Equal(t, other == c.matches, errors.Is(err, other), "%v is %v", err, other)
		}
		var known *Error
		require.ErrorAs(t, err, &known)
		require.Equal(t, c.kind, known.Kind)
		require.Equal(t, c.key, known.Key)
		require.Equal(t, before, c.err.Error(), "a store may return one error to many callers")
	}
}

func TestErrorsOfStoresKeepTheirType(t *testing.T) {
	t.Parallel()
	var used *InUseError
	require.ErrorAs(t, fail("test", &driver.InUseError{Kind: "group", Groups: []group.ID{"7", "8"}}), &used)
	require.Equal(t, &InUseError{Kind: "group", Groups: []group.ID{"7", "8"}}, used)
	var field *visitor.FieldError
	require.ErrorAs(t, fail("test", text.Refuse("name", "missing")), &field)
	require.Equal(t, "name", field.Field)
	var refused *filter.Error
	require.ErrorAs(t, fail("test", &filter.Error{Path: "rule", Reason: "empty"}), &refused)
	require.Equal(t, "rule", refused.Path)
}

func TestErrorsOfTheContextAreReturnedAsTheyAre(t *testing.T) {
	t.Parallel()
	require.NoError(t, fail("test", nil))
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, fmt.Errorf("query: %w", context.Canceled)} {
		require.Equal(t, err, fail("test", err))
	}
}
