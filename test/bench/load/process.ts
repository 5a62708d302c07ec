import { type LoadOrder, putLoad } from './load.ts';

/** A process of its own, so that measuring takes no time from what is measured: takes orders, answers results. */
process.on('message', (order: LoadOrder) => {
  putLoad(order).then(
    result => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.once('disconnect', () => process.exit());
