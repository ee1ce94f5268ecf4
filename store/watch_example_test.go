package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// watched opens a workspace with a clock that the example sets, Ada who was seen on the first of
// January, and a group of visitors who were not seen for 30 days.
func watched() (ctx context.Context, ws *store.Workspace, clock *time.Time, lapsed group.Group) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ctx, clock = context.Background(), &now
	ws, err := store.Open(memory.New(), "acme", &store.Options{Now: func() time.Time { return *clock }})
	if err != nil {
		panic(err)
	}
	_, err = ws.Capture(ctx, visitor.Contact{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", OccurredAt: now})
	if err != nil {
		panic(err)
	}
	lapsed, err = ws.CreateGroup(ctx, group.Draft{Name: "Lapsed", Rule: filter.LastSeenAt.OlderThan(30 * 24 * time.Hour)})
	if err != nil {
		panic(err)
	}
	return ctx, ws, clock, lapsed
}

// showFlips prints who entered and left groups.
func showFlips(ctx context.Context, ws *store.Workspace) {
	for e, err := range ws.Events(ctx, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if flip, ok := e.Flip(); ok {
			fmt.Println(e.Kind, "by", flip.Cause, "at", e.At.Format(time.DateTime))
		}
	}
}

func ExampleWorkspace_WatchGroup() {
	ctx, ws, clock, lapsed := watched()
	err := ws.WatchGroup(ctx, lapsed.ID, true, nil)
	fmt.Println(err)
	*clock = clock.AddDate(0, 0, 40)
	// Ada writes again, before any call of Advance: both flips are recorded, each at its instant.
	_, err = ws.Capture(ctx, visitor.Contact{Source: visitor.Telegram, ExternalID: "42", OccurredAt: *clock})
	fmt.Println(err)
	showFlips(ctx, ws)
	// Output:
	// <nil>
	// <nil>
	// group.entered by clock at 2026-01-31 12:00:00
	// group.left by change at 2026-02-10 12:00:00
}

func ExampleWorkspace_WatchedGroups() {
	ctx, ws, _, lapsed := watched()
	_ = ws.WatchGroup(ctx, lapsed.ID, true, nil)
	ids, err := ws.WatchedGroups(ctx)
	fmt.Println(len(ids), ids[0] == lapsed.ID, err)
	// Output: 1 true <nil>
}

func ExampleWorkspace_Advance() {
	ctx, ws, clock, lapsed := watched()
	_ = ws.WatchGroup(ctx, lapsed.ID, true, nil)
	*clock = clock.AddDate(1, 0, 0) // the program was stopped for a year
	done, err := ws.Advance(ctx, *clock)
	fmt.Println(done.Entered, done.Left, err)
	showFlips(ctx, ws)
	// Output:
	// 1 0 <nil>
	// group.entered by clock at 2026-01-31 12:00:00
}

func ExampleRun() {
	ctx, ws, clock, lapsed := watched()
	_ = ws.WatchGroup(ctx, lapsed.ID, true, nil)
	*clock = clock.AddDate(0, 0, 40)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- store.Run(ctx, ws) }()
	for e := range ws.Subscribe(ctx, 0) {
		if e.Kind == store.GroupEntered {
			fmt.Println("lapsed at", e.At.Format(time.DateTime))
			break
		}
	}
	stop()
	fmt.Println(errors.Is(<-ended, context.Canceled))
	// Output:
	// lapsed at 2026-01-31 12:00:00
	// true
}

func ExampleWorkspace_Subscribe() {
	ctx, ws := sample()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	last := store.Seq(0) // kept by the application: the number of the last event that it has handled
	for e, err := range ws.Subscribe(ctx, last) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(e.Seq, e.Kind)
		if last = e.Seq; last == 3 {
			break
		}
	}
	// Output:
	// 1 tag.created
	// 2 visitor.created
	// 3 tag.created
}

func ExampleWorkspace_PreviewRule() {
	ctx, ws := sample()
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Ours", Rule: filter.Tag.Has("hot-lead")})
	if err != nil {
		fmt.Println(err)
		return
	}
	preview, err := ws.PreviewRule(ctx, g.ID, filter.Source.Is(visitor.Instagram))
	fmt.Printf("+%d -%d %v\n", preview.Entered, preview.Left, err)
	preview, err = ws.PreviewRule(ctx, g.ID, filter.Tag.Has("customer"))
	fmt.Printf("+%d -%d %v\n", preview.Entered, preview.Left, err)
	// Output:
	// +1 -0 <nil>
	// +1 -1 <nil>
}

func ExampleWorkspace_UpcomingChanges() {
	ctx, ws, clock, lapsed := watched()
	for c, err := range ws.UpcomingChanges(ctx, lapsed.ID, clock.AddDate(0, 0, 35)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Entered, c.At.Format(time.DateTime))
	}
	// Output: true 2026-01-31 12:00:00
}

func ExampleEvent_Flip() {
	ctx, ws := sample()
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Customers", Rule: filter.Tag.Has("customer")})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = ws.WatchGroup(ctx, g.ID, true, &store.WatchOptions{Events: true})
	_, _ = ws.Tag(ctx, []string{"customer"}, first(ctx, ws, filter.Search("ada")).ID)
	for e := range ws.Events(ctx, 0) {
		if flip, ok := e.Flip(); ok {
			fmt.Println(flip.Group == g.ID, flip.Entered, flip.Cause)
		}
	}
	// Output:
	// true true rule
	// true true change
}
