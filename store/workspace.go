package store

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Options configure a Workspace. A nil *Options and the zero value of each field mean the
// default.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// NewID generates the id of a visitor created at t: a UUIDv7 of that time.
	// Default: visitor.NewID.
	NewID func(t time.Time) visitor.ID
	// Sources are sources of the application, in addition to the built-in ones. Default:
	// none.
	Sources map[visitor.Source]visitor.SourceInfo
	// Phone parses national phone numbers; see package visitor/phone. Default: only numbers
	// with + and country code are valid.
	Phone visitor.PhoneFunc
	// Zone is the time zone of days and periods in filters. Default: UTC.
	Zone *time.Location
	// WeekStart is the first day of the week in filters. Default (nil): Monday, as in ISO
	// 8601.
	WeekStart *time.Weekday
	// Capture says which fields captured contacts fill, and whether a contact matches a
	// visitor by e-mail or phone. Default: see visitor.Policy.
	Capture visitor.Policy
	// Unknown says how a filter treats the name of a tag or group that does not exist.
	// Default: as an error.
	Unknown filter.Unknown
	// JobRetention is how long jobs are kept after they have ended: until then they can be
	// undone. Default: 30 days.
	JobRetention time.Duration
}

// Workspace gives access to the visitors of one workspace. It is safe for concurrent use.
// Its errors are *Error, which match ErrNotFound, ErrExists, ErrConflict, ErrInUse, ErrInvalid,
// ErrSuppressed or ErrClosed with errors.Is, or the context's own errors.
type Workspace struct {
	store Store
	id    WorkspaceID
	rules visitor.Rules
	o     Options // with the defaults
	actor string
	cause string
	bound *driver.RuleCache // of watched groups
}

// Open returns a handle on the workspace of that name in st. A workspace needs no creation:
// it exists as soon as it has data. The error matches ErrInvalid if st is nil, or the name or
// an option is not valid.
func Open(st Store, workspace string, o *Options) (*Workspace, error) {
	const op = "open workspace"
	if o == nil {
		o = &Options{}
	}
	if v := reflect.ValueOf(st); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, fail(op, text.Refuse("store", "nil: open one first, and check its error"))
	}
	id, err := ParseWorkspaceID(workspace)
	if err != nil {
		return nil, fail(op, err)
	}
	sources, err := visitor.NewCatalog(o.Sources)
	if err != nil {
		return nil, fail(op, err)
	}
	if err := o.Capture.Validate(); err != nil {
		return nil, fail(op, err)
	}
	w := &Workspace{store: st, id: id, rules: visitor.Rules{Sources: sources, Phone: o.Phone}, o: *o, bound: &driver.RuleCache{}}
	if w.o.Now == nil {
		w.o.Now = time.Now
	}
	if w.o.NewID == nil {
		w.o.NewID = visitor.NewID
	}
	if w.o.Zone == nil {
		w.o.Zone = time.UTC
	}
	if w.o.JobRetention < 0 {
		return nil, fail(op, text.Refuse("JobRetention", "negative"))
	}
	w.o.JobRetention = cmp.Or(w.o.JobRetention, 30*24*time.Hour)
	week := time.Monday
	if o.WeekStart != nil {
		week = *o.WeekStart
	}
	w.o.WeekStart = &week
	return w, nil
}

// ID returns the workspace's name.
func (w *Workspace) ID() WorkspaceID { return w.id }

// Sources returns the built-in sources and those of Options.Sources, with their labels and
// colors.
func (w *Workspace) Sources() visitor.Catalog { return w.rules.Sources }

// WithActor returns a handle that records who makes its changes, and why: actor is the
// application's own id of a user or program, cause for example a rule, campaign or import.
// Events, tag assignments and memberships keep both. Each has at most 200 characters. The
// error matches ErrInvalid.
func (w *Workspace) WithActor(actor, cause string) (*Workspace, error) {
	const op = "set actor"
	actor, err := text.Line("actor", actor, 200)
	if err != nil {
		return nil, fail(op, err)
	}
	if cause, err = text.Line("cause", cause, 200); err != nil {
		return nil, fail(op, err)
	}
	acting := *w
	acting.actor, acting.cause = actor, cause
	return &acting, nil
}

// audit returns what is recorded of a change made now.
func (w *Workspace) audit(now time.Time) driver.Audit {
	return driver.Audit{At: now, Actor: w.actor, Cause: w.cause}
}

func (w *Workspace) now() time.Time { return w.o.Now().UTC().Truncate(time.Microsecond) }

// apply makes the changes and returns their outcomes. It drops the index of a
// *driver.ChangeError, as the caller of a Workspace has not seen the list.
func (w *Workspace) apply(ctx context.Context, op string, changes ...driver.Change) ([]driver.Outcome, error) {
	outcomes, err := w.store.Apply(ctx, w.id, changes)
	var failed *driver.ChangeError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return outcomes, fail(op, err)
}

// applyLast makes the changes and returns the outcome of the last.
func (w *Workspace) applyLast(ctx context.Context, op string, changes ...driver.Change) (driver.Outcome, error) {
	outcomes, err := w.apply(ctx, op, changes...)
	if err != nil {
		return driver.Outcome{}, err
	}
	return outcomes[len(outcomes)-1], nil
}
