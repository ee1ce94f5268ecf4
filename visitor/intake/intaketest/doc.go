// Package intaketest has deliveries of every channel, one for each rule that package intake
// follows, to test whatever takes deliveries in: a host's own endpoint too.
//
//	for _, d := range intaketest.Deliveries() {
//		channel, header, value := intaketest.Sign(d.Channel, d.Body)
//		// post d.Body with d.ContentType and that header to an endpoint of the channel
//	}
//
// They are made up after the platforms' documentation; no person and no business in them
// is real. Mutations makes of each what may be wrong with it. The golden file beside a delivery is what intake
// makes of it.
package intaketest
