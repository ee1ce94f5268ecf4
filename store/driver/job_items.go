package driver

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// jobItem is what a job needs to undo its change of a visitor: values from before. They are
// deleted with the visitor.
type jobItem struct {
	Tags       []keptTag           `json:"tags,omitempty"`
	Membership *visitor.Membership `json:"membership,omitempty"`
	Excluded   bool                `json:"excluded,omitempty"` // from the group, before
	Excludes   bool                `json:"excludes,omitempty"` // from the group, by the job
	Attributes visitor.Attributes  `json:"attributes,omitempty"`
	Provenance visitor.Provenances `json:"provenance,omitempty"` // by the names of visitor.Changed
}

// keptTag is a tag.Assignment without what the tag itself has.
type keptTag struct {
	Tag   tag.ID    `json:"tag"`
	At    time.Time `json:"at"`
	Actor string    `json:"actor,omitempty"`
	Cause string    `json:"cause,omitempty"`
}

// keepAttribute keeps an attribute, if v has it, and its provenance.
func (i *jobItem) keepAttribute(v *visitor.Visitor, name string) {
	if value, has := v.Attributes[name]; has {
		i.Attributes = i.Attributes.Merge(visitor.Attributes{name: value}, nil)
	}
	field := attributeField(name)
	if p, has := v.Provenance[field]; has {
		if i.Provenance == nil {
			i.Provenance = visitor.Provenances{}
		}
		i.Provenance[field] = p
	}
}

// attributeField is the name of an attribute among the fields of a profile.
func attributeField(name string) string { return "attr." + name }

// keptItems are the items of a visitor, by job.
type keptItems map[JobID]json.RawMessage

// keepsItems reports whether the job can have items.
func (j *Job) keepsItems() bool {
	switch j.Action.Kind {
	case ActionTag, ActionMerge, ActionDelete:
		return false
	}
	return true
}

// readItems reads the items of visitors, of all jobs.
func (b *batch) readItems(ids []visitor.ID) (map[visitor.ID]keptItems, error) {
	all := map[visitor.ID]keptItems{}
	err := inChunks(textsOf(ids), func(keys []string) error {
		found, err := b.tx.Records(RecordQuery{Kind: JobItems, Keys: keys})
		for _, r := range found {
			var items keptItems
			if err := decode("items of jobs", r.Key, r.Value, &items); err != nil {
				return err
			}
			all[visitor.ID(r.Key)] = items
		}
		return err
	})
	return all, err
}

// putItems adds the items of a job to those that its visitors have.
func (b *batch) putItems(id JobID, items map[visitor.ID]jobItem) error {
	ids := slices.Sorted(maps.Keys(items))
	all, err := b.readItems(ids)
	if err != nil {
		return err
	}
	records := make([]Record, len(ids))
	for n, v := range ids {
		item, err := json.Marshal(items[v])
		if err != nil {
			return err
		}
		kept := all[v]
		if kept == nil {
			kept = keptItems{}
		}
		kept[id] = item
		value, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		records[n] = Record{JobItems, string(v), value}
	}
	return inChunks(records, b.tx.PutRecords)
}

// dropItems deletes the items of a job.
func (b *batch) dropItems(id JobID, ids []visitor.ID) error {
	all, err := b.readItems(ids)
	if err != nil {
		return err
	}
	var empty []string
	var records []Record
	for _, v := range slices.Sorted(maps.Keys(all)) {
		kept := all[v]
		if _, has := kept[id]; !has {
			continue
		}
		if delete(kept, id); len(kept) == 0 {
			empty = append(empty, string(v))
			continue
		}
		value, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		records = append(records, Record{JobItems, string(v), value})
	}
	if err := inChunks(records, b.tx.PutRecords); err != nil {
		return err
	}
	return inChunks(empty, func(keys []string) error { return b.tx.DeleteRecords(JobItems, keys) })
}
