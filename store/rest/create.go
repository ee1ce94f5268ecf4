package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

func (h *handler) createVisitor(ctx context.Context, ws *store.Workspace, in *createInput) (*createdOutput, error) {
	if in.Key == "" {
		v, err := ws.Create(ctx, in.Body)
		return created(v, false), named(err, visitorNames)
	}
	body, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	claim, state := h.keys.claim(ws.ID(), in.Key, body)
	switch state {
	case keyBusy:
		return nil, &Problem{Status: http.StatusConflict, Code: CodeInProgress, Field: "Idempotency-Key", Detail: "the first request with this key is still under way"}
	case keyReused:
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Code: CodeKeyReused, Field: "Idempotency-Key", Detail: "the key was used for another request"}
	case keyDone:
		v, err := ws.Get(ctx, claim.made)
		return created(v, true), err
	}
	// Whoever hangs up must not leave it open whether the key has made somebody.
	ctx = context.WithoutCancel(ctx)
	var made visitor.ID
	defer func() { h.keys.settle(claim, made) }() // also after a panic: a key must not stay taken
	v, err := ws.Create(ctx, in.Body)
	if err == nil {
		made = v.ID
	}
	return created(v, false), named(err, visitorNames)
}

func created(v visitor.Visitor, replayed bool) *createdOutput {
	// Relative to …/visitors, so that the handler need not know where it is mounted.
	out := &createdOutput{ETag: etag(v), Location: "visitors/" + string(v.ID), Body: v}
	if replayed {
		out.Replayed = "true"
	}
	return out
}
