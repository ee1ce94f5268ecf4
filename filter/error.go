package filter

import (
	"fmt"

	"github.com/contactpipeline/visitors/tag/text"
)

// Error is why an expression was refused. It matches visitor.ErrInvalid. Its
// text repeats no operand.
type Error struct {
	Path    string // the node, e.g. "and[1].not.tag"; "" for the whole expression
	Pointer string // the same in the JSON form, as a JSON Pointer (RFC 6901), e.g. "/filter/of/1/of/values/0"
	Reason  string
}

// Error returns "filter: path: reason".
func (e *Error) Error() string {
	switch {
	case e.Path != "":
		return "filter: " + e.Path + ": " + e.Reason
	case e.Pointer != "":
		return "filter: " + e.Pointer + ": " + e.Reason
	}
	return "filter: " + e.Reason
}

// Is reports whether target is visitor.ErrInvalid.
func (e *Error) Is(target error) bool { return target == text.ErrInvalid }

// UnknownError means that an expression names a tag, a group or a topic that the workspace does
// not have. It matches visitor.ErrInvalid.
type UnknownError struct {
	Kind       Kind   // TagKind, GroupKind or TopicKind
	Name       string // as in the expression
	Suggestion string // the most similar known name; "" if none is similar
	Path       string // the node, as in Error
	Pointer    string // the node, as in Error
}

// Error returns `filter: unknown tag "name"; did you mean "Suggestion"?`.
func (e *UnknownError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("filter: unknown %s %q", e.Kind, e.Name)
	}
	return fmt.Sprintf("filter: unknown %s %q; did you mean %q?", e.Kind, e.Name, e.Suggestion)
}

// Is reports whether target is visitor.ErrInvalid.
func (e *UnknownError) Is(target error) bool { return target == text.ErrInvalid }

func refuse(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// under prepends step to the path of err, and pointer to its pointer in the JSON form.
func under(err error, step, pointer string) error {
	switch e := err.(type) {
	case *Error:
		e.Path, e.Pointer = join(step, e.Path), pointer+e.Pointer
	case *UnknownError:
		e.Path, e.Pointer = join(step, e.Path), pointer+e.Pointer
	}
	return err
}

func join(step, path string) string {
	if step == "" || path == "" {
		return step + path
	}
	return step + "." + path
}

func underValue(err error, i int) error {
	return under(err, "", fmt.Sprintf("/values/%d", i))
}

// ofRule marks err as one in a group's rule. The rule is not part of the expression, so err
// has no pointer below the group.
func ofRule(err error) error {
	switch e := err.(type) {
	case *Error:
		e.Pointer = ""
	case *UnknownError:
		e.Pointer = ""
	}
	return under(err, "rule", "")
}
