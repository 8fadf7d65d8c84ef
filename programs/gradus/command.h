/* command.h -- the commands of the program gradus, a file each.  Each takes
 * its own arguments, after its name, and returns the program's status. */
#ifndef COMMAND_H
#define COMMAND_H

int command_check(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_info(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_data(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_evaluate(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_train(int argc, char **argv);
int command_report(int argc, char **argv);

#endif
