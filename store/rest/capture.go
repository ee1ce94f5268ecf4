package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	captureInput struct {
		scope
		Body visitor.Contact
	}
	captureOutput struct{ Body Captured }
	lookupInput   struct {
		scope
		Source     string `query:"source" required:"true" doc:"A source, by its value or label in /schema."`
		Account    string `query:"account" doc:"The business's account on the channel."`
		ExternalID string `query:"external_id" required:"true" doc:"The person's id in that account."`
	}
	linkInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		Body visitor.Identity
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
	ReasonText    string               `json:"reason_text"` // CaptureReason.Text
	InvalidFields []InvalidField       `json:"invalid_fields"`
}

// InvalidField is a field that was not valid and was left out.
type InvalidField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (h *handler) captureRoutes(api huma.API) {
	operation(h, api, huma.Operation{OperationID: "captureContact", Method: http.MethodPost, Path: "/capture", Tags: []string{"capture"},
		Summary: "Create or update a visitor from an event on a channel; safe to repeat"}, h.captureContact)
	query(h, api, huma.Operation{OperationID: "lookUpIdentity", Method: http.MethodGet, Path: "/identities", Tags: []string{"capture"},
		Summary: "Get the visitor that has an identity"}, h.lookUpIdentity)
	operation(h, api, huma.Operation{OperationID: "linkIdentity", Method: http.MethodPost, Path: "/visitors/{id}/identities", Tags: []string{"capture"},
		Summary: "Add an identity to a visitor"}, h.linkIdentity)
	operation(h, api, huma.Operation{OperationID: "unlinkIdentity", Method: http.MethodDelete, Path: "/visitors/{id}/identities", Tags: []string{"capture"},
		Summary: "Remove an identity from a visitor"}, h.unlinkIdentity)
}

func (h *handler) captureContact(ctx context.Context, ws *store.Workspace, in *captureInput) (*captureOutput, error) {
	done, err := ws.Capture(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out := &captureOutput{Captured{Outcome: done.Outcome, Reason: done.Reason, ReasonText: done.Reason.Text(), InvalidFields: []InvalidField{}}}
	if done.Visitor.ID != "" {
		out.Body.Visitor = &done.Visitor
	}
	for _, err := range done.InvalidFields {
		var field *visitor.FieldError
		if errors.As(err, &field) {
			out.Body.InvalidFields = append(out.Body.InvalidFields, InvalidField{field.Field, field.Reason})
		}
	}
	return out, nil
}

func (h *handler) lookUpIdentity(ctx context.Context, ws *store.Workspace, in *lookupInput) (*visitorOutput, error) {
	v, err := ws.Lookup(ctx, visitor.Source(in.Source), in.Account, in.ExternalID)
	return &visitorOutput{etag(v), v}, err
}

func (h *handler) linkIdentity(ctx context.Context, ws *store.Workspace, in *linkInput) (*visitorOutput, error) {
	v, err := ws.Link(ctx, visitor.ID(in.ID), in.Body)
	return &visitorOutput{etag(v), v}, err
}

func (h *handler) unlinkIdentity(ctx context.Context, ws *store.Workspace, in *unlinkInput) (*visitorOutput, error) {
	v, err := ws.Unlink(ctx, visitor.ID(in.ID), visitor.Identity{Source: visitor.Source(in.Source), Account: in.Account, ExternalID: in.ExternalID})
	return &visitorOutput{etag(v), v}, err
}
