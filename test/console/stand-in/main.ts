/** Serves the console from the fixture, to look at it: `node test/console/stand-in/main.ts [port]`. */
import { startStandIn } from './stand-in.ts';

const standIn = await startStandIn({ port: Number(process.argv[2] ?? 9443) });
console.log(`${standIn.origin}  user admin, any password but "wrong"; cluster API ${standIn.clusterUrl}`);
