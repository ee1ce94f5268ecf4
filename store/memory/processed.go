package memory

import (
	"time"

	"github.com/contactpipeline/visitors/store/driver"
)

// processed holds the events of channels that were processed, so that one that a channel
// sends again is recognised.
type processed struct {
	at    map[driver.DedupKey]int64 // when, in microseconds
	queue []driver.DedupKey         // in the order in which they were added
}

// forgetOld removes events that are older than driver.DedupWindow.
func (p *processed) forgetOld() {
	if len(p.queue) == 0 {
		return
	}
	oldest := p.at[p.queue[len(p.queue)-1]] - driver.DedupWindow.Microseconds()
	n := 0
	for n < len(p.queue) && p.at[p.queue[n]] < oldest {
		delete(p.at, p.queue[n])
		n++
	}
	p.queue = p.queue[n:]
}

func (t *tx) Processed(keys []driver.DedupKey) (map[driver.DedupKey]bool, error) {
	before := map[driver.DedupKey]bool{}
	for _, key := range keys {
		if _, ok := t.processed.at[key]; ok {
			before[key] = true
		}
	}
	return before, nil
}

func (t *tx) PutProcessed(keys []driver.DedupKey, at time.Time) error {
	length := len(t.processed.queue)
	for _, key := range keys {
		t.processed.at[key] = driver.Micros(at)
		t.processed.queue = append(t.processed.queue, key)
	}
	t.onRollback(func() {
		for _, key := range t.processed.queue[length:] {
			delete(t.processed.at, key)
		}
		t.processed.queue = t.processed.queue[:length]
	})
	return nil
}
