package rest

import (
	"context"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Erase is the body of POST /visitors/{id}/erase.
type Erase struct {
	Reason string `json:"reason,omitempty" doc:"At most 200 characters. It must not name the person."`
}

// ErasureList lists receipts of erasures.
type ErasureList struct {
	Erasures []store.Erasure `json:"erasures"`
}

// Reapplied is the number of erasures that had an effect.
type Reapplied struct {
	Applied int `json:"applied"`
}

func (h *handler) erasureRoutes(r routes) {
	change(r, "POST /visitors/{id}/erase", "eraseVisitor", "Delete a visitor with all data about the person", body(h.eraseVisitor))
	query(r, "GET /erasures", "listErasures", "List the receipts of all erasures", body(h.listErasures))
	query(r, "GET /erasures/{id}", "getErasure", "Get the receipt of the erasure of a visitor", body(h.getErasure))
	change(r, "POST /erasures/reapply", "reapplyErasures", "Make erasures again in a database that was restored from a backup", body(h.reapply))
}

func (h *handler) eraseVisitor(ctx context.Context, ws *store.Workspace, in *patchInput[Erase]) (store.Erasure, error) {
	return ws.Erase(ctx, visitor.ID(in.ID), in.Body.Reason)
}

func (h *handler) listErasures(ctx context.Context, ws *store.Workspace, _ *nothingInput) (ErasureList, error) {
	erasures, err := collect(ws.Erasures(ctx))
	return ErasureList{erasures}, err
}

func (h *handler) getErasure(ctx context.Context, ws *store.Workspace, in *idInput) (store.Erasure, error) {
	return ws.Erasure(ctx, visitor.ID(in.ID))
}

func (h *handler) reapply(ctx context.Context, ws *store.Workspace, in *bodyInput[ErasureList]) (Reapplied, error) {
	n, err := ws.Reapply(ctx, in.Body.Erasures...)
	return Reapplied{n}, err
}
