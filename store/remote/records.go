package remote

import (
	"cmp"
	"context"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Records returns records. See driver.Store.
func (c *Client) Records(ctx context.Context, ws driver.WorkspaceID, q driver.RecordQuery) ([]driver.Record, error) {
	response, err := call[recordsResponse](ctx, c, ws, "records", recordsRequest(q))
	return mapped(response.Records, func(r recordForm) driver.Record { return driver.Record(r) }), err
}

// Keys returns the suppression keys of a workspace. They are not those of the store, and of no use
// for other workspaces. See driver.Store.
func (c *Client) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	response, err := call[keysResponse](ctx, c, ws, "keys", keysRequest{})
	return response.Keys, err
}

func (h *handler) records(ctx context.Context, ws *store.Workspace, request recordsRequest) (recordsResponse, error) {
	q := driver.RecordQuery(request)
	if len(q.Keys) > 0 {
		q.Prefix, q.After, q.Limit = "", "", 0
	} else if err := checkLimit(q.Limit); err != nil {
		return recordsResponse{}, err
	}
	if len(q.Keys) > store.MaxLimit {
		return recordsResponse{}, text.Refuse("keys", "more than 1,000")
	}
	found, err := h.st.Records(ctx, ws.ID(), q)
	return recordsResponse{mapped(found, func(r driver.Record) recordForm { return recordForm(r) })}, err
}

func (h *handler) keys(ctx context.Context, ws *store.Workspace, _ keysRequest) (keysResponse, error) {
	keys, err := h.st.Keys(ctx, ws.ID())
	return keysResponse{keys}, err
}

func checkAudience(_ checker, c *driver.PutAudience) error {
	if len(c.Visitors) > driver.MaxAudienceBatch {
		return text.Refuse("visitors", "more than 1,000")
	}
	for _, id := range c.Visitors {
		if err := checkID(id); err != nil {
			return err
		}
	}
	return checkKeyText("audience", c.Audience.ID)
}

func checkJob(k checker, c *driver.PutJob) error {
	if len(c.Visitors) > 2*driver.MaxJobPart {
		return text.Refuse("visitors", "more than 2,000")
	}
	for _, id := range c.Visitors {
		if err := checkID(id); err != nil {
			return err
		}
	}
	for i := range c.Job.Tags {
		if err := checkTag(&c.Job.Tags[i]); err != nil {
			return err
		}
	}
	if c.Job.Policy != nil {
		if err := c.Job.Policy.Validate(); err != nil {
			return err
		}
	}
	p, err := k.rules.Patch(visitor.Patch{Set: c.Job.Action.Set, Unset: c.Job.Action.Unset})
	if err != nil {
		return err
	}
	c.Job.Action.Set = p.Set
	return cmp.Or(checkID(c.Job.ID), checkNote("actor", c.Job.Actor), checkNote("cause", c.Job.Cause))
}

func checkAdvance(_ checker, c *driver.AdvanceWatch) error {
	if len(c.Visitors) > driver.MaxAdvance {
		return text.Refuse("visitors", "more than 1,000")
	}
	for _, id := range c.Visitors {
		if err := checkID(id); err != nil {
			return err
		}
	}
	if !slices.IsSorted(c.Visitors) {
		return text.Refuse("visitors", "not in order")
	}
	if c.After != "" {
		return cmp.Or(checkID(c.After), checkTime("to", c.To))
	}
	return checkTime("to", c.To)
}
