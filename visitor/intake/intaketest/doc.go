// Package intaketest has example deliveries of every channel, one for each rule of package
// intake, to test endpoints for webhooks.
//
//	for _, d := range intaketest.Deliveries() {
//		channel, header, value := intaketest.Sign(d.Channel, d.Body)
//		// post d.Body with d.ContentType and that header to an endpoint of the channel
//	}
//
// The deliveries follow the documentation of the platforms; people and businesses in them are
// fictitious. Mutations returns broken versions of a delivery. The golden file next to a
// delivery has the batch that intake returns for it.
package intaketest
