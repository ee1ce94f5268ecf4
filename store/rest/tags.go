package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

type (
	nothingInput struct{ scope }
	idInput      struct {
		scope
		ID string `path:"id" format:"uuid"`
	}
	tagsOutput     struct{ Body TagList }
	createTagInput struct {
		scope
		Body tag.Draft
	}
	updateTagInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		Body tag.Patch
	}
	tagOutput        struct{ Body tag.Tag }
	createdTagOutput struct {
		Location string `header:"Location"`
		Body     tag.Tag
	}
)

// TagList lists all tags, ordered by folded name.
type TagList struct {
	Tags []tag.Tag `json:"tags"`
}

func (h *handler) tagRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "listTags", Method: http.MethodGet, Path: "/tags", Tags: []string{"tags"},
		Summary: "List all tags"}, h.listTags)
	operation(h, api, huma.Operation{OperationID: "createTag", Method: http.MethodPost, Path: "/tags", Tags: []string{"tags"},
		Summary: "Create a tag", DefaultStatus: http.StatusCreated}, h.createTag)
	operation(h, api, huma.Operation{OperationID: "updateTag", Method: http.MethodPatch, Path: "/tags/{id}", Tags: []string{"tags"},
		Summary: "Change the name, colour or description of a tag"}, h.updateTag)
	operation(h, api, huma.Operation{OperationID: "deleteTag", Method: http.MethodDelete, Path: "/tags/{id}", Tags: []string{"tags"},
		Summary: "Delete a tag and remove it from every visitor", DefaultStatus: http.StatusNoContent}, h.deleteTag)
}

func (h *handler) listTags(ctx context.Context, ws *store.Workspace, _ *nothingInput) (*tagsOutput, error) {
	out := &tagsOutput{TagList{[]tag.Tag{}}}
	for t, err := range ws.Tags(ctx) {
		if err != nil {
			return nil, err
		}
		out.Body.Tags = append(out.Body.Tags, t)
	}
	return out, nil
}

func (h *handler) createTag(ctx context.Context, ws *store.Workspace, in *createTagInput) (*createdTagOutput, error) {
	t, err := ws.CreateTag(ctx, in.Body)
	return &createdTagOutput{"tags/" + string(t.ID), t}, renameField(err, tagNames)
}

func (h *handler) updateTag(ctx context.Context, ws *store.Workspace, in *updateTagInput) (*tagOutput, error) {
	t, err := ws.UpdateTag(ctx, tag.ID(in.ID), in.Body)
	return &tagOutput{t}, renameField(err, tagNames)
}

func (h *handler) deleteTag(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.DeleteTag(ctx, tag.ID(in.ID))
}
