package filter

// Resolve returns e in the form to store: names of tags and groups are replaced by ids, labels
// of sources by their values, so that renaming changes nothing. The rest is unchanged; relative
// dates stay relative. The error is that of Validate, an *Error for an unknown source, or an
// *UnknownError, even with UnknownIsNobody.
func Resolve(e Expr, env *Env) (Expr, error) {
	if err := Validate(e); err != nil {
		return nil, err
	}
	resolved, err := mapValues(e, newBinder(env).resolve)
	if err != nil {
		return nil, under(err, "", "/filter")
	}
	return resolved, nil
}

// DisplayNames returns a valid e with the ids of tags (TagKind) and groups (GroupKind)
// replaced by names, to show it to people: the inverse of Resolve. An id for which name returns
// "" is kept.
func DisplayNames(e Expr, name func(kind Kind, id string) string) Expr {
	spelled, _ := mapValues(e, func(f *Field, v Value) (Value, error) {
		if v.Kind == IDValue && (f.Kind == TagKind || f.Kind == GroupKind) {
			if s := name(f.Kind, v.Text); s != "" {
				return textOf(s), nil
			}
		}
		return v, nil
	})
	return spelled
}

func (b *binder) resolve(f *Field, v Value) (Value, error) {
	switch {
	case f.Kind == TagKind && v.Kind == TextValue:
		id, ok := b.tag(v)
		if !ok {
			return v, b.unknown(TagKind, v)
		}
		return Value{Kind: IDValue, Text: string(id)}, nil
	case f.Kind == GroupKind && v.Kind == TextValue:
		ref, ok := b.group(v)
		if !ok {
			return v, b.unknown(GroupKind, v)
		}
		return Value{Kind: IDValue, Text: string(ref.ID)}, nil
	case f.Kind == EnumKind:
		source, err := b.source(v.Text)
		v.Text = string(source)
		return v, err
	case f.Kind == IdentityKind:
		source, err := b.source(string(v.Identity.Source))
		v.Identity.Source = source
		return v, err
	}
	return v, nil
}

// mapValues returns a copy of a valid e with change applied to each value.
func mapValues(e Expr, change func(*Field, Value) (Value, error)) (Expr, error) {
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
	f, values := fieldNamed(c.Field), make([]Value, len(c.Values))
	for i, v := range c.Values {
		var err error
		if values[i], err = change(f, v); err != nil {
			return nil, under(underValue(err, i), c.Field, "")
		}
	}
	c.Values = values
	return c, nil
}
