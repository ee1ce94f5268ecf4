package webhook

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// leadAge is for how long Facebook keeps the data of a lead.
const leadAge = 90 * 24 * time.Hour

// isPendingLead reports whether a contact is a lead without its data.
func isPendingLead(c visitor.Contact) bool {
	return c.Attributes[intake.LeadStatus].Text() == intake.LeadPending
}

// fetchLead requests the data of a lead once, and captures it. The outcome is LeadFetched,
// LeadRetried if the request is to be repeated later, which repeatable allows, or LeadFailed;
// then the lead gets the status failed.
func (h *Handler) fetchLead(ctx context.Context, r request, repeatable bool) Outcome {
	e := r.entry
	e.Outcome, e.Reason, e.InvalidFields = LeadFetched, "", nil
	c, err := h.captureLead(ctx, r)
	if err == nil {
		e.Visitor, e.Reason, e.InvalidFields = c.Visitor.ID, string(c.Reason), c.InvalidFields
		err = h.setLeadStatus(ctx, r.ws, e.Visitor, intake.LeadComplete)
	}
	switch {
	case err == nil:
	case repeatable && !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrNotFound):
		e.Outcome, e.Err = LeadRetried, err
	case ctx.Err() != nil: // the caller gave up, which says nothing about the lead
		e.Outcome, e.Err = LeadFailed, err
	default:
		e.Outcome, e.Err = LeadFailed, errors.Join(err, h.setLeadStatus(ctx, r.ws, r.entry.Visitor, intake.LeadFailed))
	}
	h.record(e)
	return e.Outcome
}

// captureLead requests the data of a lead and captures it. An answer that arrives after
// Options.ProfileTimeout is captured too.
func (h *Handler) captureLead(ctx context.Context, r request) (store.Captured, error) {
	fetching, cancel := context.WithTimeout(ctx, h.o.ProfileTimeout)
	defer cancel()
	id := r.contact.Identity()
	c, err := h.o.Fetch(fetching, visitor.Contact{Source: id.Source, Account: id.Account, ExternalID: id.ExternalID})
	if err != nil {
		return store.Captured{}, err
	}
	c.Source, c.Account, c.ExternalID = id.Source, id.Account, id.ExternalID
	c.UpdateOnly, c.EventID = true, ""
	c.Attributes = c.Attributes.Merge(nil, []string{intake.LeadStatus})
	capturing, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.o.Timeout)
	defer cancel()
	return r.ws.Capture(capturing, c)
}

// setLeadStatus sets the status of a lead that is not complete, unless its visitor was deleted.
// It is set as if by hand, since a captured value would not replace an earlier one.
func (h *Handler) setLeadStatus(ctx context.Context, ws *store.Workspace, id visitor.ID, status string) error {
	if id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.o.Timeout)
	defer cancel()
	for {
		v, err := ws.Get(ctx, id)
		switch old := v.Attributes[intake.LeadStatus].Text(); {
		case err == nil && (old == intake.LeadComplete || old == status), errors.Is(err, store.ErrNotFound):
			return nil
		case err == nil:
			set := visitor.Attributes{intake.LeadStatus: visitor.Text(status)}
			_, err = ws.Update(ctx, v.ID, visitor.Patch{Set: set, IfRevision: v.Revision})
		}
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
}

// RetryLeads requests the data of every lead that is pending or failed, once and one after
// the other, and returns how many of them are complete now. Leads that the handler is
// requesting already are left out, as are those older than 90 days, whose data Facebook has
// deleted. A lead whose request fails gets the status failed, until a later call. Call it in the
// background after each start, as Close and crashes leave leads pending, and for example every
// hour.
//
// It looks in the given workspaces; default: the one passed to New. With Options.Route, name
// the workspaces. It returns an error if Options.Fetch is nil, the store fails, ctx ends or the
// handler is closed (ErrClosed); a request that fails is logged instead, as LeadFailed.
func (h *Handler) RetryLeads(ctx context.Context, workspaces ...*store.Workspace) (complete int, err error) {
	if h.o.Fetch == nil {
		return 0, errors.New("retry leads: no Options.Fetch")
	}
	if len(workspaces) == 0 && h.ws != nil {
		workspaces = []*store.Workspace{h.ws}
	}
	unfinished := filter.And(
		filter.Attr(intake.LeadStatus).In(intake.LeadPending, intake.LeadFailed),
		filter.CreatedAt.Within(leadAge),
	)
	for _, ws := range workspaces {
		for v, err := range ws.All(ctx, store.Query{Where: unfinished, Order: store.OldestFirst}) {
			if err != nil {
				return complete, err
			}
			for _, i := range v.Identities {
				if !strings.HasPrefix(i.ExternalID, intake.LeadPrefix) {
					continue
				}
				done, err := h.retryLead(ctx, ws, v.ID, i)
				if done {
					complete++
				}
				if err != nil {
					return complete, err
				}
			}
		}
	}
	return complete, nil
}

// retryLead requests the data of one lead, unless that is being done. It reports whether the
// lead is complete.
func (h *Handler) retryLead(ctx context.Context, ws *store.Workspace, id visitor.ID, i visitor.Identity) (bool, error) {
	r := request{
		ws: ws, contact: visitor.Contact{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID}, lead: true,
		entry: Entry{Source: i.Source, Account: i.Account, Via: "leadgen", Visitor: id},
	}
	free, closed := h.requests.claim(r)
	switch {
	case closed:
		return false, &store.Error{Op: "retry leads", Err: store.ErrClosed}
	case !free:
		return false, nil
	}
	defer h.requests.group.Done()
	defer h.requests.release(r)
	v, err := ws.Get(ctx, id) // it can have become complete since the page was read
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && v.Attributes[intake.LeadStatus].Text() == intake.LeadComplete:
		return false, nil
	case err != nil:
		return false, err
	}
	return h.fetchLead(ctx, r, false) == LeadFetched, ctx.Err()
}
