package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

func (h *handler) createVisitor(ctx context.Context, ws *store.Workspace, in *createInput) (*createdVisitorOutput, error) {
	if in.Key == "" {
		v, err := ws.Create(ctx, in.Body)
		return created(v, false), renameField(err, visitorNames)
	}
	body, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	claim, state := h.keys.claim(ws.ID(), in.Key, body)
	switch state {
	case keyBusy:
		return nil, &Problem{Status: http.StatusConflict, Code: CodeInProgress, Field: "Idempotency-Key", Detail: "the first request with this key has not finished"}
	case keyReused:
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Code: CodeKeyReused, Field: "Idempotency-Key", Detail: "the key was used with another body"}
	case keyDone:
		v, err := ws.Get(ctx, claim.made)
		return created(v, true), err
	}
	// If the client disconnects, the creation still completes, so that the key has a result.
	ctx = context.WithoutCancel(ctx)
	var made visitor.ID
	defer func() { h.keys.settle(claim, made) }() // also after a panic: the key must not stay claimed
	v, err := ws.Create(ctx, in.Body)
	if err == nil {
		made = v.ID
	}
	return created(v, false), renameField(err, visitorNames)
}

func created(v visitor.Visitor, replayed bool) *createdVisitorOutput {
	// Relative to …/visitors: the handler does not know where it is mounted.
	out := &createdVisitorOutput{ETag: etag(v), Location: "visitors/" + string(v.ID), Body: v}
	if replayed {
		out.Replayed = "true"
	}
	return out
}
