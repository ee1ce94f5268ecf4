package main

func Example() {
	main()
	// Output:
	// committed together:   visitors: 1, conversations: 1
	// error: empty message
	// rolled back together: visitors: 1, conversations: 1
	// visitor deleted:      visitors: 0, conversations: 1
	// event 1: visitor.created, of the visitor of the conversation: true
	// event 2: visitor.deleted, of the visitor of the conversation: true
}
