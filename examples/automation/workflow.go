package main

import (
	"context"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// workflow is what happens to a visitor who enters or leaves a group.
type workflow struct {
	name         string
	enter, leave func(context.Context, *store.Workspace, visitor.ID) error
}

// tagging returns a step that adds a tag.
func tagging(name string) func(context.Context, *store.Workspace, visitor.ID) error {
	return func(ctx context.Context, ws *store.Workspace, id visitor.ID) error {
		_, err := ws.Tag(ctx, []string{name}, id)
		return err
	}
}

// untagging returns a step that removes a tag.
func untagging(name string) func(context.Context, *store.Workspace, visitor.ID) error {
	return func(ctx context.Context, ws *store.Workspace, id visitor.ID) error {
		_, err := ws.Untag(ctx, []string{name}, id)
		return err
	}
}

// automate runs workflows from the event after a number on, until ctx ends. It returns the number of
// the last event that it has handled, from which it goes on later. A step must do no harm if it is
// made twice, since a program can stop between the step and keeping that number.
func automate(ctx context.Context, ws *store.Workspace, after store.Seq, workflows map[group.ID]workflow) (store.Seq, error) {
	for e, err := range ws.Subscribe(ctx, after) {
		if err != nil {
			return after, err
		}
		if flip, ok := e.Flip(); ok {
			flow := workflows[flip.Group]
			as, err := ws.WithActor("automation", "workflow "+flow.name)
			if err != nil {
				return after, err
			}
			step := flow.leave
			if flip.Entered {
				step = flow.enter
			}
			if step != nil {
				if err := step(ctx, as, e.Visitor); err != nil {
					return after, err
				}
			}
		}
		after = e.Seq
	}
	return after, nil
}
