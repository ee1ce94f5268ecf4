package memory

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/store"
)

// journal holds the events of a workspace, in parts of which all but the last are full,
// so that it grows without being copied.
type journal struct{ parts [][]store.Event }

const partSize = 1_024

// stored returns t as a store gives it back: in UTC, cut to the microsecond.
func stored(t time.Time) time.Time { return store.FromMicros(store.Micros(t)) }

// last returns the number of the last event, which is how many there are.
func (j *journal) last() store.Seq {
	n := len(j.parts)
	if n == 0 {
		return 0
	}
	return store.Seq((n-1)*partSize + len(j.parts[n-1]))
}

// add appends an event and numbers it.
func (j *journal) add(e store.Event) {
	e.Seq, e.At = j.last()+1, stored(e.At)
	n := len(j.parts)
	if n == 0 || len(j.parts[n-1]) == partSize {
		j.parts = append(j.parts, nil)
		n++
	}
	part := j.parts[n-1]
	if len(part) == cap(part) {
		part = append(make([]store.Event, 0, min(partSize, 16+2*len(part))), part...)
	}
	j.parts[n-1] = append(part, e)
}

// truncate drops the events after that one.
func (j *journal) truncate(last store.Seq) {
	keep := (int(last) + partSize - 1) / partSize
	clear(j.parts[keep:])
	j.parts = j.parts[:keep]
	if keep > 0 {
		end := int(last) - (keep-1)*partSize
		clear(j.parts[keep-1][end:])
		j.parts[keep-1] = j.parts[keep-1][:end]
	}
}

// after returns copies of the first limit events after that one, of all without a limit.
func (j *journal) after(seq store.Seq, limit int) []store.Event {
	from, to := max(seq, 0), j.last()
	if limit > 0 {
		to = min(to, from+store.Seq(limit))
	}
	var events []store.Event
	for i := from; i < to; i++ {
		e := j.parts[i/partSize][i%partSize]
		e.Tags, e.Groups, e.Fields = slices.Clone(e.Tags), slices.Clone(e.Groups), slices.Clone(e.Fields)
		events = append(events, e)
	}
	return events
}
