package store

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Options are what a host may choose for a workspace. A nil *Options and the zero value
// of each field mean the default.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// NewID mints the id of a visitor created at t; the id must carry t, as visitor.NewID's
	// do. Default: visitor.NewID.
	NewID func(t time.Time) visitor.ID
	// Sources are the host's own sources, beside the built-in ones. Default: none.
	Sources map[visitor.Source]visitor.SourceInfo
	// Phone reads national phone numbers; see package visitor/phone. Default: only numbers
	// with + and country code are read.
	Phone visitor.PhoneFunc
	// Zone is the time zone of days and periods in filters. Default: UTC.
	Zone *time.Location
	// WeekStart is the first day of the week in filters. Default (nil): Monday, as ISO 8601
	// has it.
	WeekStart *time.Weekday
	// Capture says which fields captured contacts fill, and when a contact is taken for a
	// visitor by its e-mail or phone. Default: see visitor.Policy.
	Capture visitor.Policy
	// Unknown says what a filter means that names a tag or group that is not there.
	// Default: an error.
	Unknown filter.Unknown
}

// Workspace is a handle on the visitors of one workspace. It is safe for concurrent use.
// Its errors are *Error; errors.Is tells ErrNotFound, ErrExists, ErrConflict, ErrInvalid and
// ErrClosed apart, and the context's own errors.
type Workspace struct {
	store  Store
	id     WorkspaceID
	rules  visitor.Rules
	clock  func() time.Time
	newID  func(time.Time) visitor.ID
	zone   *time.Location
	week   time.Weekday // its first day
	misses filter.Unknown
	policy visitor.Policy
	actor  string
	cause  string
}

// Open returns a handle on the workspace of that name in st. It makes nothing: a workspace
// is there as soon as something is in it. The error matches ErrInvalid when st is nil, or a
// nil pointer, or the name or an option is not valid.
func Open(st Store, workspace string, o *Options) (*Workspace, error) {
	if o == nil {
		o = &Options{}
	}
	if v := reflect.ValueOf(st); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, &Error{Op: "open workspace", Err: text.Refuse("store", "nil: open one first, and check its error")}
	}
	id, err := ParseWorkspaceID(workspace)
	if err != nil {
		return nil, &Error{Op: "open workspace", Err: err}
	}
	sources, err := visitor.NewCatalog(o.Sources)
	if err != nil {
		return nil, &Error{Op: "open workspace", Err: err}
	}
	if err := o.Capture.Validate(); err != nil {
		return nil, &Error{Op: "open workspace", Err: err}
	}
	w := &Workspace{
		store: st, id: id,
		rules:  visitor.Rules{Sources: sources, Phone: o.Phone},
		clock:  o.Now,
		newID:  o.NewID,
		zone:   o.Zone,
		week:   time.Monday,
		misses: o.Unknown,
		policy: o.Capture,
	}
	if w.clock == nil {
		w.clock = time.Now
	}
	if w.newID == nil {
		w.newID = visitor.NewID
	}
	if w.zone == nil {
		w.zone = time.UTC
	}
	if o.WeekStart != nil {
		w.week = *o.WeekStart
	}
	return w, nil
}

// ID returns the workspace's name.
func (w *Workspace) ID() WorkspaceID { return w.id }

// Sources returns the sources that the workspace knows, and how they are shown.
func (w *Workspace) Sources() visitor.Catalog { return w.rules.Sources }

// WithActor returns a handle whose changes are recorded as made by that actor, as the host
// names its users and programs, for that cause: a rule, a campaign, an import. Events, tag
// assignments and memberships keep both. Each has at most 200 characters. The error matches
// ErrInvalid.
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

func (w *Workspace) now() time.Time { return w.clock().UTC().Truncate(time.Microsecond) }

// apply makes the changes. The error is that of the change that failed, without its place
// in a list that the caller never saw.
func (w *Workspace) apply(ctx context.Context, changes ...driver.Change) ([]driver.Outcome, error) {
	outcomes, err := w.store.Apply(ctx, w.id, changes)
	var failed *driver.ChangeError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return outcomes, err
}
