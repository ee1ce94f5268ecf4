package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// A step of a job merges many pairs together, with the same result as one merge after the other, and
// undoes them as one undo after the other. Pairs overlap, and visitors share addresses with consents.
func TestMergesOfAJob(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newSuite(newFaultyStore(), quick)
		job, single := s.newFixture(t), s.newFixture(t)
		var ids []visitor.ID
		var changes []driver.Change
		for n := range 8 {
			v := job.withMail(fmt.Sprint("V", n), fmt.Sprintf("m%d@example.com", r.IntN(5)))
			v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(n)}}
			ids, changes = append(ids, v.ID), append(changes, create(v))
		}
		for range 6 {
			state := []consent.State{consent.Granted, consent.Denied}[r.IntN(2)]
			changes = append(changes, job.record(job.said(consent.Subject{Channel: consent.Email, Address: fmt.Sprintf("m%d@example.com", r.IntN(5))}, "", state)))
		}
		job.must(changes...)
		single.must(changes...)
		var part, merged []visitor.ID
		for range 6 {
			if into, from := r.IntN(8), r.IntN(8); into != from {
				part = append(part, ids[into], ids[from])
			}
		}
		j := job.job(driver.Action{Kind: driver.ActionMerge})
		job.must(driver.PutJob{Audit: job.audit(), Job: j, Part: 1, Visitors: part}, driver.StepJob{Audit: job.audit(), ID: j.ID, Step: driver.StepRun})
		for n := 0; n < len(part); n += 2 {
			out, err := single.apply(driver.MergeVisitors{Audit: job.audit(), Into: part[n], From: part[n+1]})
			if err == nil && out[0].Effect == driver.Updated {
				merged = append(merged, part[n+1])
			}
		}
		people := func(f *fixture) []visitor.Visitor {
			all := f.visitors(f.ws)
			for n := range all {
				all[n].UpdatedAt = time.Time{}
			}
			return all
		}
		require.Empty(t, diff(people(job), people(single)), "merged with seed %d", seed)
		job.must(driver.StepJob{Audit: job.audit(), ID: j.ID, Step: driver.StepUndo, From: 1})
		for n := len(merged) - 1; n >= 0; n-- {
			_, _ = single.apply(driver.UnmergeVisitor{Audit: job.audit(), From: merged[n]}) // some cannot be undone, with a job neither
		}
		require.Empty(t, diff(people(job), people(single)), "undone with seed %d", seed)
	}
}
