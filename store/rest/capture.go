package rest

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	lookupInput struct {
		scope
		Source     string `query:"source" required:"true" doc:"A source, by its value or label in /schema."`
		Account    string `query:"account" doc:"The business's account on the channel."`
		ExternalID string `query:"external_id" required:"true" doc:"The person's id in that account."`
	}
	unlinkInput struct {
		scope
		ID         string `path:"id" format:"uuid"`
		Source     string `query:"source" required:"true" doc:"A source, by its value or label in /schema."`
		Account    string `query:"account" doc:"The business's account on the channel."`
		ExternalID string `query:"external_id" required:"true" doc:"The person's id in that account."`
	}
)

// Captured is store.Captured as JSON.
type Captured struct {
	Visitor       *visitor.Visitor     `json:"visitor,omitempty"`
	Outcome       store.CaptureOutcome `json:"outcome" enum:"created,updated,matched,ignored"`
	Reason        store.CaptureReason  `json:"reason" enum:"new_person,same_identity,alternate_id,other_spelling,same_email,same_phone,already_processed,unknown_person"`
	ReasonText    string               `json:"reason_text" doc:"The reason in English."`
	InvalidFields []InvalidField       `json:"invalid_fields" doc:"Fields that were not valid and were left out."`
}

// InvalidField is a field that was not valid and was left out.
type InvalidField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (h *handler) captureRoutes(r routes) {
	change(r, "POST /capture", "captureContact", "Create or update a visitor from an event on a channel; safe to repeat",
		body(h.captureContact))
	query(r, "GET /identities", "lookUpIdentity", "Get the visitor that has an identity", withETag(h.lookUpIdentity))
	change(r, "POST /visitors/{id}/identities", "linkIdentity", "Add an identity to a visitor", withETag(h.linkIdentity))
	change(r, "DELETE /visitors/{id}/identities", "unlinkIdentity", "Remove an identity from a visitor", withETag(h.unlinkIdentity))
}

func (h *handler) captureContact(ctx context.Context, ws *store.Workspace, in *bodyInput[visitor.Contact]) (Captured, error) {
	done, err := ws.Capture(ctx, in.Body)
	out := Captured{Outcome: done.Outcome, Reason: done.Reason, ReasonText: done.Reason.Text(), InvalidFields: []InvalidField{}}
	if done.Visitor.ID != "" {
		out.Visitor = &done.Visitor
	}
	for _, err := range done.InvalidFields {
		var field *visitor.FieldError
		if errors.As(err, &field) {
			out.InvalidFields = append(out.InvalidFields, InvalidField{field.Field, field.Reason})
		}
	}
	return out, err
}

func (h *handler) lookUpIdentity(ctx context.Context, ws *store.Workspace, in *lookupInput) (visitor.Visitor, error) {
	return ws.Lookup(ctx, visitor.Source(in.Source), in.Account, in.ExternalID)
}

func (h *handler) linkIdentity(ctx context.Context, ws *store.Workspace, in *patchInput[visitor.Identity]) (visitor.Visitor, error) {
	return ws.Link(ctx, visitor.ID(in.ID), in.Body)
}

func (h *handler) unlinkIdentity(ctx context.Context, ws *store.Workspace, in *unlinkInput) (visitor.Visitor, error) {
	i := visitor.Identity{Source: visitor.Source(in.Source), Account: in.Account, ExternalID: in.ExternalID}
	return ws.Unlink(ctx, visitor.ID(in.ID), i)
}
