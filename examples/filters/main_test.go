package main

import (
	"context"
	"fmt"
)

func Example() {
	ctx := context.Background()
	ws, err := open(ctx)
	if err == nil {
		err = questions(ctx, ws)
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 6 of 6  is:everyone
	// 2 of 6  jose
	// 4 of 6  tag:hot-lead OR tag:customer
	// 2 of 6  -has:tag
	// 1 of 6  (source:chat OR source:telegram) has:email
	// 1 of 6  phone:+49*
	// 1 of 6  attr.city:"sao paulo"
	// 1 of 6  attr.orders:>=2
	// 2 of 6  created:this-month
	// 1 of 6  created:<2026-01-01 -tag:customer
}
