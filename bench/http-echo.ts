/** Answers every request with a few bytes, at port 8090: run inside the network namespace that it is to be asked in. */
import { createServer } from 'node:http';

createServer((_request, response) => response.end('well\n')).listen(8_090);
