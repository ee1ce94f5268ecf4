package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var concurrencyPromises = []promise{
	{
		name: "those who name one new tag at once get one tag",
		why:  "Tags are made on the fly by everybody; two of one name would split a segment.",
		keep: func(r *room) {
			for round := range r.effort.rounds {
				const n = 4
				var tags [n]tag.Tag
				var made atomic.Int32
				for i := range tags {
					tags[i] = r.tag(fmt.Sprintf("Tag %d", round))
				}
				var got [n]tag.ID
				r.race(n, func(i int) error {
					out, err := r.apply(store.EnsureTag{Tag: tags[i]})
					if err != nil {
						return err
					}
					got[i] = out[0].Tag.ID
					if out[0].Effect == store.Created {
						made.Add(1)
					}
					return nil
				}, r.succeed)
				if made.Load() != 1 || got != [n]tag.ID{got[0], got[0], got[0], got[0]} {
					r.Fatalf("%d tags were made, the ids told are %v", made.Load(), got)
				}
			}
			r.same("tags", len(r.tags(r.ws)), r.effort.rounds)
		},
	},
	{
		name: "of those who bring one identity at once one makes the visitor",
		why:  "Channels deliver the same message twice at the same moment.",
		keep: func(r *room) {
			for round := range r.effort.rounds {
				const n = 4
				var visitors [n]visitor.Visitor
				for i := range visitors {
					visitors[i] = r.visitor("Ada")
					visitors[i].Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(round)}}
				}
				won := 0
				var owners []string
				r.race(n, func(i int) error {
					_, err := r.apply(create(visitors[i]))
					return err
				}, func(err error) {
					var e *store.Error
					switch {
					case err == nil:
						won++
					case errors.Is(err, store.ErrExists) && errors.As(err, &e) && e.Kind == "identity":
						owners = append(owners, e.Key)
					default:
						r.Errorf("create: %v", err)
					}
				})
				found := r.find(store.Select{Where: r.bind(filter.Identity.Is(visitor.Telegram, "", fmt.Sprint(round))), Order: store.NewestFirst, Limit: 9})
				if won != 1 || len(found) != 1 || len(owners) != n-1 {
					r.Fatalf("%d won, %d were told who has it, %d have it", won, len(owners), len(found))
				}
				for _, owner := range owners {
					r.same("who has the identity, as the others are told", owner, string(found[0].ID))
				}
			}
		},
	},
	{
		name: "a tag that many put on at once is put on once",
		why:  "An event for each of them would start a campaign as many times.",
		keep: func(r *room) {
			vip, v := r.tag("vip"), r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, create(v))
			for range r.effort.rounds {
				before := len(r.events(r.ws, 0))
				var effects atomic.Int32
				r.race(4, func(int) error {
					out, err := r.apply(store.AddTags{ID: v.ID, Tags: keys(vip), At: r.clock})
					if err == nil && out[0].Effect == store.Updated {
						effects.Add(1)
					}
					return err
				}, r.succeed)
				r.same("how many had an effect", effects.Load(), int32(1))
				r.same("events", len(r.events(r.ws, 0)), before+1)
				r.must(store.RemoveTags{ID: v.ID, Tags: keys(vip), At: r.now()})
			}
		},
	},
	{
		name: "a reader sees all of a call or nothing of it",
		why:  "A screen that is loaded in the middle of a bulk change must not show half of it.",
		keep: func(r *room) {
			vip, lead := r.tag("vip"), r.tag("Hot Lead")
			changes := []store.Change{store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}}
			var people []visitor.Visitor
			for range 10 {
				v := r.visitor("Ada")
				people, changes = append(people, v), append(changes, create(v, vip))
			}
			r.given(changes...)
			isVIP, isLead := r.bind(filter.Tag.Has("vip")), r.bind(filter.Tag.Has("hot lead"))
			var writing atomic.Int32
			const writers, readers = 1, 3
			writing.Store(writers)
			r.race(writers+readers, func(i int) error {
				if i >= writers {
					for writing.Load() > 0 {
						if err := r.readTogether(isVIP, isLead, len(people)); err != nil {
							return err
						}
					}
					return nil
				}
				defer writing.Add(-1)
				for range r.effort.rounds {
					for _, move := range [][2]tag.Tag{{vip, lead}, {lead, vip}} {
						var changes []store.Change
						for _, v := range people {
							changes = append(changes, store.RemoveTags{ID: v.ID, Tags: keys(move[0]), At: r.clock}, store.AddTags{ID: v.ID, Tags: keys(move[1]), At: r.clock})
						}
						if _, err := r.apply(changes...); err != nil {
							return err
						}
					}
				}
				return nil
			}, r.succeed)
		},
	},
	{
		name: "calls that cross each other all end",
		why:  "Two bulk changes that meet the same people in opposite order must not wait for each other for ever.",
		keep: func(r *room) {
			var people []visitor.Visitor
			var changes []store.Change
			for range 12 {
				v := r.visitor("Ada")
				people, changes = append(people, v), append(changes, create(v))
			}
			r.given(changes...)
			const writers = 4
			r.race(writers, func(i int) error {
				for round := range r.effort.rounds {
					var changes []store.Change
					for j := range people {
						k := j
						if i%2 == 1 {
							k = len(people) - 1 - j
						}
						changes = append(changes, store.UpdateVisitor{ID: people[k].ID, Patch: visitor.Patch{Name: ptr(fmt.Sprintf("Ada %d %d", i, round))}, At: r.clock})
					}
					if _, err := r.apply(changes...); err != nil {
						return err
					}
				}
				return nil
			}, r.succeed)
			last := r.get(people[0].ID).Name
			for _, v := range r.visitors(r.ws) {
				r.same("name after the last call", v.Name, last)
				r.same("revision", v.Revision, int64(writers*r.effort.rounds+1))
			}
		},
	},
	{
		name: "those who write to different workspaces do not disturb each other",
		why:  "A host's customers all work at once.",
		keep: func(r *room) {
			const n = 4
			var rooms [n]*room
			for i := range rooms {
				rooms[i] = r.enter(r.reporter)
			}
			before, changes := r.script()
			r.race(n, func(i int) error {
				if _, err := rooms[i].apply(before...); err != nil {
					return err
				}
				for _, c := range changes {
					if _, err := rooms[i].apply(c); err != nil {
						return err
					}
				}
				return nil
			}, r.succeed)
			want := rooms[0].dump(rooms[0].ws)
			r.same("visitors", names(want.Visitors), "Ben, Cleo")
			for _, other := range rooms {
				r.same("a workspace written to at the same time", other.dump(other.ws), want)
				other.checkNeighbour()
			}
		},
	},
}

// succeed fails for an error.
func (r *room) succeed(err error) {
	r.Helper()
	if err != nil {
		r.Errorf("a call made at the same time as others: %v", err)
	}
}

// readTogether reads the people who carry one or the other of two tags, in each way, and
// returns an error unless all carry the same one.
func (r *room) readTogether(a, b filter.Bound, all int) error {
	for _, where := range []filter.Bound{a, b} {
		n, err := r.st.CountVisitors(r.Context(), r.ws, where, 0)
		if err != nil {
			return err
		}
		if n != 0 && n != int64(all) {
			return fmt.Errorf("%d of %d carry a tag that all are given in one call", n, all)
		}
		found, err := r.st.FindVisitors(r.Context(), r.ws, store.Select{Where: where, Order: store.NewestFirst, Limit: all + 1})
		if err != nil {
			return err
		}
		if len(found) != 0 && len(found) != all {
			return fmt.Errorf("found %d of %d who carry a tag that all are given in one call", len(found), all)
		}
		for _, v := range found {
			if !filter.Match(where, v) {
				return fmt.Errorf("a visitor is found by a tag that it comes without")
			}
		}
	}
	return nil
}
