package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// AudienceDraft is the body of POST /audiences.
type AudienceDraft struct {
	Name    string          `json:"name,omitempty" doc:"At most 200 characters."`
	Filter  string          `json:"filter" doc:"A filter in the text form; is:everyone matches all visitors."`
	Request consent.Request `json:"request"`
}

// AudienceList lists the receipts of all audiences, oldest first.
type AudienceList struct {
	Audiences []store.Audience `json:"audiences"`
}

// Recipient is a line of the response of GET /audiences/{id}/recipients.
type Recipient struct {
	Visitor  visitor.Visitor `json:"visitor"`
	Decision Decision        `json:"decision"`
}

func (h *handler) audienceRoutes(r routes) {
	query(r, "GET /audiences", "listAudiences", "List the receipts of all audiences", body(h.listAudiences))
	change(r.creating(), "POST /audiences", "createAudience", "Freeze who of the visitors that match a filter may be written to now",
		h.createAudience)
	query(r, "GET /audiences/{id}", "getAudience", "Get the receipt of an audience", body(h.getAudience))
	change(r, "DELETE /audiences/{id}", "deleteAudience", "Delete an audience", h.deleteAudience)
	change(r, "POST /audiences/verify", "verifyAudience", "Check a receipt against what is stored; 409 if they differ", h.verifyAudience)
	r.base.Responses = map[string]*huma.Response{"200": {
		Description: "A line of JSON, a Recipient, for each visitor. A response that ends early is cut off.",
		Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: &huma.Schema{Type: "string"}}},
	}}
	r.api.OpenAPI().Components.Schemas.Schema(typeOf[Recipient](), true, "")
	change(r, "GET /audiences/{id}/recipients", "streamRecipients", "Stream the visitors of an audience who may be written to now",
		h.streamRecipients)
}

func (h *handler) listAudiences(ctx context.Context, ws *store.Workspace, _ *nothingInput) (AudienceList, error) {
	audiences, err := collect(ws.Audiences(ctx))
	return AudienceList{audiences}, err
}

func (h *handler) createAudience(ctx context.Context, ws *store.Workspace, in *bodyInput[AudienceDraft]) (*createdOutput[store.Audience], error) {
	where, err := filter.Parse(in.Body.Filter)
	if err != nil {
		return nil, err
	}
	a, err := ws.CreateAudience(ctx, in.Body.Name, where, in.Body.Request)
	return &createdOutput[store.Audience]{"audiences/" + a.ID, a}, inText(in.Body.Filter, err)
}

func (h *handler) getAudience(ctx context.Context, ws *store.Workspace, in *idInput) (store.Audience, error) {
	return ws.Audience(ctx, in.ID)
}

func (h *handler) deleteAudience(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	found, err := ws.DeleteAudience(ctx, in.ID)
	if err == nil && !found {
		err = notFound("audience", in.ID)
	}
	return nil, err
}

func (h *handler) verifyAudience(ctx context.Context, ws *store.Workspace, in *bodyInput[store.Audience]) (*struct{}, error) {
	return nil, ws.VerifyAudience(ctx, in.Body)
}

func (h *handler) streamRecipients(ctx context.Context, ws *store.Workspace, in *idInput) (*huma.StreamResponse, error) {
	a, err := ws.Audience(ctx, in.ID)
	if err == nil && !a.Complete {
		err = &store.Error{Kind: "audience", Key: a.ID, Err: store.ErrConflict}
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", "application/x-ndjson")
		enc := json.NewEncoder(w)
		for recipient, err := range ws.Recipients(ctx.Context(), a.ID) {
			if err == nil {
				d := recipient.Decision
				err = enc.Encode(Recipient{recipient.Visitor, Decision{d, d.Reason.Text()}})
			}
			if err != nil {
				h.problem(r, err) // tells the host
				panic(http.ErrAbortHandler)
			}
		}
	}}, nil
}
