package filter

import (
	"errors"

	"github.com/contactpipeline/visitors/visitor"
)

// Resolve returns e in the form to store: names of tags and groups are replaced by ids, labels
// of sources by their values, so that renaming changes nothing. The rest is unchanged; relative
// dates stay relative. The error is that of Validate, an *Error for an unknown source, or an
// *UnknownError, even with UnknownIsNobody.
func Resolve(e Expr, env *Env) (Expr, error) {
	if err := Validate(e); err != nil {
		return nil, err
	}
	b := newBinder(env)
	b.Unknown = UnknownIsError
	resolved, err := mapValues(e, b.resolve)
	if err != nil {
		return nil, under(err, "", "/filter")
	}
	return resolved, nil
}

// DisplayNames returns a valid e with the ids of tags (TagKind) and groups (GroupKind)
// replaced by names, to show it to people: the inverse of Resolve. An id for which name returns
// "" is kept.
func DisplayNames(e Expr, name func(kind Kind, id string) string) Expr {
	spelled, _ := mapValues(e, func(kind Kind, v Value) (Value, error) {
		if v.Kind == IDValue && (kind == TagKind || kind == GroupKind) {
			if s := name(kind, v.Text); s != "" {
				return textOf(s), nil
			}
		}
		return v, nil
	})
	return spelled
}

// resolve returns v with an id in place of a name, "" for an unknown name that is no error.
func (b *binder) resolve(kind Kind, v Value) (Value, error) {
	switch {
	case v.Kind == TextValue && (kind == TagKind || kind == GroupKind):
		id, known := b.id(kind, v)
		if !known && b.Unknown == UnknownIsError {
			return v, b.unknown(kind, v)
		}
		return Value{Kind: IDValue, Text: id}, nil
	case v.Kind == PermissionValue:
		_, _, err := b.topic(v.Permission.Topic)
		return v, err
	case kind == EnumKind:
		source, err := b.source(v.Text)
		v.Text = string(source)
		return v, err
	case kind == IdentityKind:
		source, err := b.source(string(v.Identity.Source))
		v.Identity.Source = source
		return v, err
	}
	return v, nil
}

// source parses the value or the label of a source.
func (b *binder) source(s string) (visitor.Source, error) {
	if b.resolved {
		return visitor.Source(s), nil
	}
	source, err := b.Sources.Parse(s)
	if refused := (*visitor.FieldError)(nil); errors.As(err, &refused) {
		return "", refuse("source %s", refused.Reason)
	}
	return source, err
}

// mapValues returns a copy of a valid e with change applied to each value.
func mapValues(e Expr, change func(Kind, Value) (Value, error)) (Expr, error) {
	c, isCondition := e.(Condition)
	switch {
	case opOf(e) != "":
		of, err := mapChildren(e, func(child Expr) (Expr, error) { return mapValues(child, change) })
		if err != nil {
			return nil, err
		}
		return exprOf(opOf(e), of), nil
	case !isCondition || c.Values == nil:
		return e, nil
	}
	kind, values := fieldNamed(c.Field).Kind, make([]Value, len(c.Values))
	for i, v := range c.Values {
		var err error
		if values[i], err = change(kind, v); err != nil {
			return nil, under(underValue(err, i), c.Field, "")
		}
	}
	c.Values = values
	return c, nil
}
