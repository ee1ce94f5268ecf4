package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var eventPromises = []promise{
	{
		name: "every change with an effect appends one event that says what it did",
		why:  "Hosts keep other systems in step by reading the events, and by nothing else.",
		keep: func(r *room) {
			vip, lead, team, rule := r.tag("vip"), r.tag("Hot Lead"), r.group("Team", nil), r.group("Rule", filter.All())
			crew := r.group("Crew", nil)
			v := r.everything("Ada", sorted([]group.ID{team.ID, crew.ID})...)
			bare := r.visitor("Bob")
			at := r.now()
			tags := sorted([]tag.ID{vip.ID, lead.ID})
			steps := []struct {
				change store.Change
				want   store.Event
			}{
				{store.CreateTag{Tag: vip}, store.Event{Kind: store.TagCreated, At: vip.CreatedAt, Tags: []tag.ID{vip.ID}}},
				{store.EnsureTag{Tag: lead}, store.Event{Kind: store.TagCreated, At: lead.CreatedAt, Tags: []tag.ID{lead.ID}}},
				{store.CreateGroup{Group: team}, store.Event{Kind: store.GroupCreated, At: team.CreatedAt, Groups: []group.ID{team.ID}}},
				{store.CreateGroup{Group: rule}, store.Event{Kind: store.GroupCreated, At: rule.CreatedAt, Groups: []group.ID{rule.ID}}},
				{store.CreateGroup{Group: crew}, store.Event{Kind: store.GroupCreated, At: crew.CreatedAt, Groups: []group.ID{crew.ID}}},
				{create(v, vip, lead), store.Event{Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Tags: tags, Groups: v.Groups}},
				{create(bare), store.Event{Kind: store.VisitorCreated, At: bare.UpdatedAt, Visitor: bare.ID}},
				{
					store.UpdateVisitor{ID: v.ID, At: at, Patch: visitor.Patch{
						Name: ptr("Eve"), Email: ptr(v.Email), Phone: ptr(""), Source: ptr(visitor.Chat),
						Set:   visitor.Attributes{"city": visitor.Text("Rio"), "vip": visitor.Bool(true), "new": visitor.Number(1)},
						Unset: []string{"score", "nobody"},
					}},
					store.Event{Kind: store.VisitorUpdated, At: at, Visitor: v.ID, Fields: []string{"attr.city", "attr.new", "attr.score", "name", "phone", "source"}},
				},
				{store.UpdateVisitor{ID: v.ID, At: at, Patch: visitor.Patch{Email: ptr("eve@example.com")}}, store.Event{Kind: store.VisitorUpdated, At: at, Visitor: v.ID, Fields: []string{"email"}}},
				{store.RemoveTags{ID: v.ID, Tags: []string{"vip", "nobody"}, At: at}, store.Event{Kind: store.VisitorUntagged, At: at, Visitor: v.ID, Tags: []tag.ID{vip.ID}}},
				{store.AddTags{ID: v.ID, Tags: []string{"hot lead", "vip"}, At: at}, store.Event{Kind: store.VisitorTagged, At: at, Visitor: v.ID, Tags: []tag.ID{vip.ID}}},
				{store.RemoveTags{ID: v.ID, Tags: []string{"hot lead", "vip"}, At: at}, store.Event{Kind: store.VisitorUntagged, At: at, Visitor: v.ID, Tags: tags}},
				{store.AddTags{ID: v.ID, Tags: []string{"hot lead", "vip"}, At: at}, store.Event{Kind: store.VisitorTagged, At: at, Visitor: v.ID, Tags: tags}},
				{store.JoinGroup{Group: rule.ID, ID: bare.ID, At: at}, store.Event{Kind: store.VisitorJoined, At: at, Visitor: bare.ID, Groups: []group.ID{rule.ID}}},
				{store.LeaveGroup{Group: team.ID, ID: v.ID, At: at}, store.Event{Kind: store.VisitorLeft, At: at, Visitor: v.ID, Groups: []group.ID{team.ID}}},
				{store.LeaveGroup{Group: rule.ID, ID: v.ID, At: at}, store.Event{Kind: store.VisitorLeft, At: at, Visitor: v.ID, Groups: []group.ID{rule.ID}}},
				{store.JoinGroup{Group: rule.ID, ID: v.ID, At: at}, store.Event{Kind: store.VisitorJoined, At: at, Visitor: v.ID, Groups: []group.ID{rule.ID}}},
				{
					store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("VIP"), Color: ptr(tag.Color("#000000")), Description: ptr("x")}, At: at},
					store.Event{Kind: store.TagUpdated, At: at, Tags: []tag.ID{vip.ID}, Fields: []string{"color", "description", "name"}},
				},
				{
					store.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Crew 2"), Description: ptr("x"), Rule: filter.All()}, At: at},
					store.Event{Kind: store.GroupUpdated, At: at, Groups: []group.ID{team.ID}, Fields: []string{"description", "name", "rule"}},
				},
				{
					store.UpdateGroup{ID: team.ID, Patch: group.Patch{ClearRule: true}, At: at},
					store.Event{Kind: store.GroupUpdated, At: at, Groups: []group.ID{team.ID}, Fields: []string{"rule"}},
				},
				{store.DeleteTag{ID: vip.ID, At: at}, store.Event{Kind: store.TagDeleted, At: at, Tags: []tag.ID{vip.ID}}},
				{store.DeleteGroup{ID: rule.ID, At: at}, store.Event{Kind: store.GroupDeleted, At: at, Groups: []group.ID{rule.ID}}},
				{store.DeleteVisitor{ID: v.ID, At: at}, store.Event{Kind: store.VisitorDeleted, At: at, Visitor: v.ID}},
			}
			var changes []store.Change
			var want []store.Event
			for i, step := range steps {
				step.want.Seq = store.Seq(i + 1)
				changes, want = append(changes, step.change), append(want, step.want)
			}
			r.besides(changes...)
			for i, c := range changes {
				r.must(c)
				r.same(fmt.Sprintf("event of %T", c), r.events(r.ws, store.Seq(i)), want[i:i+1])
			}
			r.same("all events", r.events(r.ws, 0), want)
		},
	},
	{
		name: "a change without an effect appends no event",
		why:  "A host that mails whoever is tagged must not mail them twice.",
		keep: func(r *room) {
			vip, team, rule, v, gone := r.tag("vip"), r.group("Team", nil), r.group("Rule", filter.None()), r.visitor("Ada"), r.visitor("Gone")
			v.Groups = []group.ID{team.ID}
			other := r.visitor("Bob")
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule}, create(v, vip), create(other), store.LeaveGroup{Group: rule.ID, ID: v.ID, At: r.now()})
			before := r.events(r.ws, 0)
			at := r.now()
			for _, c := range []store.Change{
				store.EnsureTag{Tag: r.tag("VIP")},
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{}, At: at},
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada"), Unset: []string{"x"}}, At: at},
				store.DeleteVisitor{ID: gone.ID, At: at},
				store.AddTags{ID: v.ID, Tags: keys(vip), At: at},
				store.AddTags{ID: gone.ID, Tags: keys(vip), At: at},
				store.RemoveTags{ID: other.ID, Tags: keys(vip), At: at},
				store.RemoveTags{ID: v.ID, Tags: []string{"nobody"}, At: at},
				store.RemoveTags{ID: gone.ID, Tags: keys(vip), At: at},
				store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("vip")}, At: at},
				store.DeleteTag{ID: tag.ID(gone.ID), At: at},
				store.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Team"), ClearRule: true}, At: at},
				store.UpdateGroup{ID: rule.ID, Patch: group.Patch{Rule: filter.None()}, At: at},
				store.DeleteGroup{ID: group.ID(gone.ID), At: at},
				store.JoinGroup{Group: team.ID, ID: v.ID, At: at},
				store.JoinGroup{Group: team.ID, ID: gone.ID, At: at},
				store.LeaveGroup{Group: team.ID, ID: other.ID, At: at},
				store.LeaveGroup{Group: rule.ID, ID: v.ID, At: at},
				store.LeaveGroup{Group: rule.ID, ID: gone.ID, At: at},
			} {
				r.must(c)
				r.same(fmt.Sprintf("events after %T", c), r.events(r.ws, 0), before)
			}
		},
	},
	{
		name: "events are read page by page from any number",
		why:  "A reader that was away goes on where it stopped.",
		keep: func(r *room) {
			var changes []store.Change
			for range 25 {
				changes = append(changes, create(r.visitor("Ada")))
			}
			r.given(changes...)
			all := r.events(r.ws, 0)
			r.same("how many", len(all), 25)
			for after := range 25 {
				for _, limit := range []int{1, 4, 25, 1_000} {
					got, err := r.st.Events(r.Context(), r.ws, store.Seq(after), limit)
					if err != nil {
						r.Fatalf("events: %v", err)
					}
					r.same(fmt.Sprintf("%d events after %d", limit, after), got, all[after:min(after+limit, 25)])
				}
			}
			for _, after := range []store.Seq{25, 26, 1 << 40} {
				got, err := r.st.Events(r.Context(), r.ws, after, 5)
				if len(got) != 0 || err != nil {
					r.Errorf("events after the last: %v, error %v", got, err)
				}
			}
		},
	},
	{
		name: "events outlive the visitor and hold nothing of a person",
		why:  "The log of a deletion must not keep what was deleted.",
		keep: func(r *room) {
			vip, team := r.tag("Some Label"), r.group("Some List", nil)
			v := r.everything("Ada Lovelace", team.ID)
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, create(v, vip),
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada King"), Email: ptr("king@example.org"), Set: visitor.Attributes{"city": visitor.Text("Rio")}}, At: r.now()})
			before := r.events(r.ws, 0)
			r.must(store.DeleteVisitor{ID: v.ID, At: r.now()})
			after := r.events(r.ws, 0)
			r.same("the events before the deletion", after[:len(after)-1], before)
			text, err := json.Marshal(after)
			if err != nil {
				r.Fatalf("events as JSON: %v", err)
			}
			for _, private := range []string{"Ada", "King", "example", "55119", "90071", "Paulo", "Rio", "ann", "import", "Some"} {
				if strings.Contains(string(text), private) {
					r.Errorf("the events hold %q", private)
				}
			}
		},
	},
	{
		name: "who reads events while others write misses none",
		why:  "A number that becomes visible after a later one is skipped for ever by whoever reads on from the last.",
		keep: func(r *room) {
			const writers = 4
			each := r.effort.rounds
			done := make(chan error, 1)
			go func() {
				var failed error
				r.race(writers, func(i int) error {
					m := maker{clock: r.clock, minted: uint64(i+1) << 24}
					for range each {
						if _, err := r.apply(create(m.visitor("Ada")), create(m.visitor("Bob"))); err != nil {
							return err
						}
					}
					return nil
				}, func(err error) {
					if err != nil {
						failed = err
					}
				})
				done <- failed
			}()
			var last store.Seq
			read := func() {
				if r.Failed() {
					return
				}
				events, err := r.st.Events(r.Context(), r.ws, last, 7)
				if err != nil {
					r.Errorf("events: %v", err)
				}
				for _, e := range events {
					if last++; e.Seq != last {
						r.Errorf("event %d comes where %d is due", e.Seq, last)
						last = e.Seq
					}
				}
			}
			for writing := true; writing; {
				select {
				case err := <-done:
					if err != nil {
						r.Errorf("apply: %v", err)
					}
					writing = false
				default:
				}
				read()
			}
			for before := store.Seq(-1); before != last; {
				before = last
				read()
			}
			r.same("the last number", last, store.Seq(writers*each*2))
		},
	},
}
