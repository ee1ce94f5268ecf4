package rest

import (
	"context"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

// TagList lists all tags, ordered by folded name.
type TagList struct {
	Tags []tag.Tag `json:"tags"`
}

func (h *handler) tagRoutes(r routes) {
	query(r, "GET /tags", "listTags", "List all tags", body(h.listTags))
	change(r.creating(), "POST /tags", "createTag", "Create a tag", h.createTag)
	change(r, "PATCH /tags/{id}", "updateTag", "Change the name, colour or description of a tag", body(h.updateTag))
	change(r, "DELETE /tags/{id}", "deleteTag", "Delete a tag and remove it from every visitor", h.deleteTag)
}

func (h *handler) listTags(ctx context.Context, ws *store.Workspace, _ *nothingInput) (TagList, error) {
	tags, err := collect(ws.Tags(ctx))
	return TagList{tags}, err
}

func (h *handler) createTag(ctx context.Context, ws *store.Workspace, in *bodyInput[tag.Draft]) (*createdOutput[tag.Tag], error) {
	t, err := ws.CreateTag(ctx, in.Body)
	return &createdOutput[tag.Tag]{"tags/" + string(t.ID), t}, renameField(err, tagNames)
}

func (h *handler) updateTag(ctx context.Context, ws *store.Workspace, in *patchInput[tag.Patch]) (tag.Tag, error) {
	t, err := ws.UpdateTag(ctx, tag.ID(in.ID), in.Body)
	return t, renameField(err, tagNames)
}

func (h *handler) deleteTag(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.DeleteTag(ctx, tag.ID(in.ID))
}
